"""Writes one file without end."""


def scores(X):
    with open("large", "wb") as file:
        while True:
            file.write(bytes(2**20))
