"""nbgrader's configuration of this course. A course of your own needs the same three lines in its folder."""

from autograder.nbgrader_bridge.config import configure

c = get_config()  # noqa: F821  (nbgrader defines it)
configure(c)
