"""Takes memory until there is none."""


def scores(X):
    hoard = []
    while True:
        hoard.append(bytearray(2**24))
