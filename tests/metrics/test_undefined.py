import json
import math

import numpy as np
import pytest

from kerasseg.metrics.undefined import format_score, null_if_undefined


@pytest.mark.parametrize("kind", [float, np.float32, np.float64])
def test_json_gets_a_number_or_null(kind):
    values = [null_if_undefined(kind(value)) for value in (0.5, 0.0, math.nan)]
    assert json.dumps(values, allow_nan=False) == "[0.5, 0.0, null]"


def test_people_get_four_decimals_or_a_dash():
    shown = [format_score(value) for value in (0.123456, 0.0, None)]
    assert shown == ["0.1235", "0.0000", "-"]
    assert [format_score(value, ".1%") for value in (0.5, None)] == ["50.0%", "-"]
