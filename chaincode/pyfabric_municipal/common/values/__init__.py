"""Values that a city's contracts have in common: each is checked, and has one spelling.

A type is for members of models and parameters of transactions, where pydantic checks it; the functions are for
everything else. A value that is refused is a ContractError with a code `value.…`, its facts and a Chinese text.
"""

from pyfabric_municipal.common.values.bills import (
    BillCheckCode,
    BillCode,
    BillKey,
    BillNumber,
    BookKey,
    CheckCode,
    FormerInvoice,
    Invoice,
)
from pyfabric_municipal.common.values.directory_codes import ResourceCode, ServiceItem
from pyfabric_municipal.common.values.divisions import Region
from pyfabric_municipal.common.values.documents import DocumentNumber, year_of_document
from pyfabric_municipal.common.values.epc_uris import Epc, elements_of_epc, epc_of_item, epc_of_unit
from pyfabric_municipal.common.values.estate import ProofNumber, TitleNumber, UnitCode, parcel_code
from pyfabric_municipal.common.values.food import FoodLicence
from pyfabric_municipal.common.values.gs1_elements import Elements, gs1_day, parse_elements
from pyfabric_municipal.common.values.gs1_keys import (
    Gdti,
    Giai,
    Gln,
    Grai,
    Gsrn,
    Gtin,
    Lot,
    Serial,
    Sscc,
    is_of_china,
)
from pyfabric_municipal.common.values.json_text import (
    JSON,
    MAX_INTEGER,
    canonical_json,
    json_digest,
    parse_json,
    require_canonical_json,
)
from pyfabric_municipal.common.values.licences import ELicence, LicenceType
from pyfabric_municipal.common.values.models import Model
from pyfabric_municipal.common.values.names import Datum, Digest, DutyCode, FieldName, MspId
from pyfabric_municipal.common.values.personal_data import PersonalData, find_personal_data
from pyfabric_municipal.common.values.plates import Plate
from pyfabric_municipal.common.values.quantities import (
    Area,
    AreaUnit,
    Count,
    Decimal,
    Fen,
    FenChange,
    Flag,
    Grams,
    MassUnit,
    MoneyUnit,
    Positive,
    PositiveArea,
    PositiveFen,
    PositiveGrams,
    area,
    area_of_mu,
    decimal_text,
    fen,
    grams,
)
from pyfabric_municipal.common.values.regions import (
    RegionCode,
    require_beijing_region,
    require_region,
)
from pyfabric_municipal.common.values.residents import (
    ResidentId,
    normalise_resident_id,
    require_resident_id,
)
from pyfabric_municipal.common.values.status_lists import (
    expand_status_list,
    is_status_set,
    with_status,
)
from pyfabric_municipal.common.values.supplies import SupplyClass
from pyfabric_municipal.common.values.text import Text
from pyfabric_municipal.common.values.timestamps import (
    Day,
    Timestamp,
    add_days,
    add_months,
    beijing_day,
    end_of_day,
    normalise_timestamp,
    parse_date,
    start_of_day,
    timestamp_of,
    unix_seconds,
)
from pyfabric_municipal.common.values.uscc import Uscc, UsccException, UsccShape, require_uscc
from pyfabric_municipal.common.values.waste import (
    ManifestNumber,
    WasteCode,
    require_manifest_number,
    waste_category,
)
from pyfabric_municipal.common.values.workdays import YearCalendar, due_after, working_days_between

__all__ = [
    "JSON",
    "MAX_INTEGER",
    "Area",
    "AreaUnit",
    "BillCheckCode",
    "BillCode",
    "BillKey",
    "BillNumber",
    "BookKey",
    "CheckCode",
    "Count",
    "Datum",
    "Day",
    "Decimal",
    "Digest",
    "DocumentNumber",
    "DutyCode",
    "ELicence",
    "Elements",
    "Epc",
    "Fen",
    "FenChange",
    "FieldName",
    "Flag",
    "FoodLicence",
    "FormerInvoice",
    "Gdti",
    "Giai",
    "Gln",
    "Grai",
    "Grams",
    "Gsrn",
    "Gtin",
    "Invoice",
    "LicenceType",
    "Lot",
    "ManifestNumber",
    "MassUnit",
    "Model",
    "MoneyUnit",
    "MspId",
    "PersonalData",
    "Plate",
    "Positive",
    "PositiveArea",
    "PositiveFen",
    "PositiveGrams",
    "ProofNumber",
    "Region",
    "RegionCode",
    "ResidentId",
    "ResourceCode",
    "Serial",
    "ServiceItem",
    "Sscc",
    "SupplyClass",
    "Text",
    "Timestamp",
    "TitleNumber",
    "UnitCode",
    "Uscc",
    "UsccException",
    "UsccShape",
    "WasteCode",
    "YearCalendar",
    "add_days",
    "add_months",
    "area",
    "area_of_mu",
    "beijing_day",
    "canonical_json",
    "decimal_text",
    "due_after",
    "elements_of_epc",
    "end_of_day",
    "epc_of_item",
    "epc_of_unit",
    "expand_status_list",
    "fen",
    "find_personal_data",
    "grams",
    "gs1_day",
    "is_of_china",
    "is_status_set",
    "json_digest",
    "normalise_resident_id",
    "normalise_timestamp",
    "parcel_code",
    "parse_date",
    "parse_elements",
    "parse_json",
    "require_beijing_region",
    "require_canonical_json",
    "require_manifest_number",
    "require_region",
    "require_resident_id",
    "require_uscc",
    "start_of_day",
    "timestamp_of",
    "unix_seconds",
    "waste_category",
    "with_status",
    "working_days_between",
    "year_of_document",
]
