"""`python -m cattern`: the same as the command `cattern`."""

from cattern.cli import main

if __name__ == "__main__":
    main()
