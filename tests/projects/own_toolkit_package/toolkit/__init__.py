"""The project's own."""

NAME = "mine"
