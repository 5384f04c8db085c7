"""No correct style loses a point."""

import pytest
import styles
from judging import grade_text, lost

REMARKS = {
    "float labels from predict": "integers, not floats",
    "per-example loops": "slow",
    "no shift": "overflows",
}


@pytest.mark.parametrize("name", styles.PATCHES)
def test_a_correct_style_has_full_marks(name):
    verdicts = grade_text(styles.styles()[name])
    assert lost(verdicts) == {}
    remarks = [r for v in verdicts.values() for r in v.remarks]
    assert len(remarks) == (name in REMARKS) and all(REMARKS[name] in r for r in remarks)


def test_the_solution_has_full_marks_and_no_remark():
    verdicts = grade_text(styles.SOLUTION).values()
    assert sum(v.score for v in verdicts) == 72
    assert not any(v.remarks for v in verdicts)
