"""A class attribute."""


class Box:
    colour = "red"

    def paint(self):
        return self.colour


class Crate(Box):
    def weight(self):
        return 3
