"""What switches off the behaviour that each script promises, by the script's name."""

from collections.abc import Mapping

from tests.scenarios.scripts.harness import Switch
from tests.scenarios.scripts.switched_off_orders import SWITCHED_OFF as ABOUT_ORDERS
from tests.scenarios.scripts.switched_off_streams import SWITCHED_OFF as ABOUT_STREAMS

__all__ = ["SWITCHED_OFF"]

SWITCHED_OFF: Mapping[str, Switch] = {**ABOUT_ORDERS, **ABOUT_STREAMS}
