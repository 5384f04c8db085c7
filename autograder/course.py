"""What a course is: its folder, its lab and rubric, its secret and its choices. Every default is resolved here, once.

Every command, the nbgrader plugin and the demonstration take a `Course` and nothing else about the course; so they cannot
disagree on what is right, what it is worth, or which hidden inputs are drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

from autograder.choices import DEFAULTS, FILE, Choices, read_choices
from autograder.packages import ROOT, labs_of, snapshot
from autograder.secret import PUBLIC_SECRET, find_secret, fingerprint
from cattern.checking import changes
from cattern.checking.lab import PACKAGES, Lab, lab_names, load_lab
from cattern.errors import CatternError

SOURCES = ("notebooks", "source")  # ours, and what nbgrader's own quickstart makes


@dataclass(frozen=True)
class Course:
    """One lab of one course. Made by `Course.open`; a value that can travel to another process.

    Attributes:
        folder: the course's folder, absolute.
        lab_name: the lab's name.
        secret: what the hidden inputs are drawn from.
        choices: what the instructor chose for this lab.
        secret_from: where the secret comes from, in words.
        origins: name of a choice → where it was made; what is not there is a default.
    """

    folder: Path
    lab_name: str
    secret: str = field(default=PUBLIC_SECRET, repr=False)
    choices: Choices = field(default=DEFAULTS, hash=False)
    secret_from: str = field(default="the public default", compare=False)
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)

    @classmethod
    def open(cls, lab_name: str, folder: Path | None = None, secret: str | None = None) -> "Course":
        """Return the course in a folder.

        Args:
            lab_name: the lab.
            folder: the course's folder; None for the current one when it has a `course.toml`, else the installation's.
            secret: the secret, for tests and the demonstration; else the variable, the course's file, the public default.

        Raises:
            UsageError: there is no such lab.
            CatternError: the course's file or its secret is not as it should be.
        """
        folder = find_folder(folder)
        labs = labs_in(folder)
        if lab_name not in labs:
            load_lab(lab_name)  # says which there are
        choices, origins = read_choices(folder, lab_name, labs)
        secret, secret_from = (secret, "the caller") if secret else find_secret(folder)
        course = cls(folder, lab_name, secret, choices, secret_from, origins)
        try:
            _ = course.lab
        except CatternError as error:
            raise CatternError(f"{folder / FILE}: {error}") from None
        return course

    @property
    def root(self) -> Path:
        """The folder whose packages are released and graded: the course's own if it has any, else the installation's."""
        return self.folder if (self.folder / "cattern").is_dir() else ROOT

    @property
    def catalogue(self) -> Path:
        """The folder of the lab's catalogue of mistakes."""
        own = self.folder / "autograder" / "labs" / self.lab_name / "mistakes"
        return own if own.is_dir() else ROOT / "autograder" / "labs" / self.lab_name / "mistakes"

    @property
    def notebook(self) -> Path:
        """Where the lab's instructor notebook is."""
        return self.folder / source_folder(self.folder) / self.lab_name / f"{self.lab_name}.ipynb"

    @cached_property
    def rubric(self) -> Lab:
        """The lab as its rubric declares it, before the course's choices."""
        with labs_of(self.folder):
            return import_module(f"cattern.checking.labs.{self.lab_name}.rubric").LAB

    @cached_property
    def lab(self) -> Lab:
        """The lab as this course gives it."""
        return changes.changed(self.rubric, self.changes)

    def other_labs(self) -> list[Lab]:
        """Return the course's other labs, as their rubrics declare them."""
        with labs_of(self.folder):
            names = [name for name in lab_names() if name != self.lab_name]
            return [import_module(f"cattern.checking.labs.{name}.rubric").LAB for name in names]

    @property
    def changes(self) -> dict:
        """What the student's bundle says of the course: points, tasks left out, tolerance, packages."""
        said = self.choices.recorded()
        return {key: said[key] for key in changes.KEYS if key in said}

    def instructors(self, module: str) -> ModuleType:
        """Return a module of the lab that is never shipped: "probes", "data"."""
        with labs_of(self.folder):
            return import_module(f"autograder.labs.{self.lab_name}.{module}")

    @property
    def distributions(self) -> tuple[str, ...]:
        """The distributions that hold the packages which submissions may import."""
        return tuple(name for package in self.lab.packages for name in _distributions(package))

    @property
    def is_secret(self) -> bool:
        """False when anybody who has this program can draw the same hidden inputs."""
        return self.secret != PUBLIC_SECRET

    def warning(self) -> str:
        """Return what to say before grading, or nothing: that the hidden inputs are public."""
        if self.is_secret or self.secret_from == "the caller":
            return ""
        return (
            f"THE HIDDEN INPUTS ARE PUBLIC: {self.folder} has no secret of its own, so students can draw the inputs "
            "that decide their marks. Make one, once, before the first grading: cattern course --new-secret"
        )

    def recorded(self) -> dict:
        """Return what a verdict says of the course it was given in; never the secret."""
        return {
            "version": version("cattern"),
            "choices": self.choices.recorded(),
            "secret": fingerprint(self.secret) if self.is_secret else "public",
        }

    def snapshot(self) -> tuple:
        """Return what tells that the course's sources have changed since they were read."""
        packages = (
            self.root / name for name in ("cattern", "mnist_data", "environment.yml", "constraints.txt")
        )
        return snapshot([*packages, self.catalogue, self.notebook.parent])

    def __getstate__(self) -> dict:
        """Leave out what was looked up: functions of a rubric do not travel."""
        return {name: value for name, value in vars(self).items() if name not in ("lab", "rubric")}


def find_folder(folder: Path | None) -> Path:
    """Return a course's folder, absolute: the one given, else the current one if it is a course, else the installation's.

    Raises:
        CatternError: the folder that was given is not there.
    """
    if folder is not None and not folder.is_dir():
        raise CatternError(f"{folder} is not a folder: --course takes the folder that holds the course")
    if folder is None:
        folder = Path.cwd() if (Path.cwd() / FILE).is_file() else ROOT
    return folder.resolve()


def labs_in(folder: Path) -> list[str]:
    """Return the names of a course's labs, sorted: its own, and the installation's."""
    with labs_of(folder):
        return lab_names()


def source_folder(folder: Path) -> str:
    """Return the name of the folder in which a course keeps its instructor notebooks."""
    return next((name for name in SOURCES if (folder / name).is_dir()), SOURCES[0])


@cache
def _distributions(package: str) -> tuple[str, ...]:
    from importlib.metadata import packages_distributions

    return (PACKAGES[package],) if package in PACKAGES else tuple(packages_distributions().get(package, ()))
