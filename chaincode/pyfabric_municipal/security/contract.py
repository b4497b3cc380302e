"""The contract `Security`: levels of data, policies and decisions on access, keys, incidents, break-glass."""

from pyfabric_municipal.common.break_glass import WithBreakGlass
from pyfabric_municipal.common.contract import CityContract
from pyfabric_municipal.security.classifications import Classification, Classifications
from pyfabric_municipal.security.decisions import Decision, Decisions
from pyfabric_municipal.security.incidents import DETAILS, Incident, Incidents
from pyfabric_municipal.security.keys import Key, Keys, Mark
from pyfabric_municipal.security.policies import TEXT, Policies, Policy


class Security(Classifications, Policies, Decisions, Keys, Incidents, WithBreakGlass, CityContract):
    """Who may access which data of the city, who was denied, which keys count, and what went wrong.

    数据定级、访问策略与决定、密钥、安全事件与紧急授权。
    """

    name = "Security"
    title = "数据安全 · Security"
    RECORDS = (Classification, Policy, Decision, Key, Mark, Incident)
    PARTS = (TEXT, DETAILS)
