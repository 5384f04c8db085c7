"""What lateness costs inside nbgrader: the course's own rule, where it has one."""

from nbgrader.plugins import BasePlugin
from nbgrader.preprocessors import AssignLatePenalties

from autograder.choices import DEFAULTS
from autograder.late import has_rule, penalty
from autograder.nbgrader_bridge.gradebook import note_due
from autograder.nbgrader_bridge.place import place


class CourseRule(BasePlugin):
    """What `course.toml` says of lateness, as a plugin of nbgrader's."""

    choices = DEFAULTS

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float | None:
        """Return the points to take off; None within the minutes of grace."""
        if total_seconds_late <= 60 * self.choices.grace_minutes:
            return None
        return penalty(self.choices, score, total_seconds_late)


class LatePenalties(AssignLatePenalties):
    """Takes the place of nbgrader's own: goes by the course's due date and rule; without a rule, by nbgrader's configuration."""

    choices = DEFAULTS

    def preprocess(self, nb, resources):
        """Write into the gradebook what lateness costs."""
        if here := place(self, resources):
            from nbgrader.api import Gradebook

            self.choices = here.course.choices
            with Gradebook(resources["nbgrader"]["db_url"], here.coursedir.course_id) as book:
                note_due(book, here.course.lab_name, self.choices.due)
                book.db.commit()
        return super().preprocess(nb, resources)

    def init_plugin(self) -> None:
        """Take the course's rule, where it has one."""
        if not has_rule(self.choices):
            super().init_plugin()
            return
        rule = CourseRule(parent=self)
        rule.choices = self.choices
        self.plugin_inst = rule
