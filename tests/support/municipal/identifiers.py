"""Random identifiers of each kind, all of them right, as they are written in text."""

from datetime import date

from hypothesis import strategies as st
from pyfabric_municipal.common.values.check_characters import (
    ALPHANUMERICS,
    DIGITS,
    USCC_ALPHABET,
    gs1_check,
    hybrid_check,
    organisation_check,
    resident_check,
    uscc_check,
)
from pyfabric_municipal.common.values.divisions import PROVINCES, REGIONS

BEIJING = sorted(code for code in REGIONS if code != "110000")
CHARACTERS = "!\"%&'*+,-./:;<=>?_" + ALPHANUMERICS + ALPHANUMERICS.lower()
provinces = st.sampled_from(sorted(PROVINCES))


def digits(least: int, most: int | None = None) -> st.SearchStrategy[str]:
    """Return texts of ASCII digits, of one length or of lengths between two."""
    return st.text(DIGITS, min_size=least, max_size=most or least)


def joined(*parts: st.SearchStrategy[str] | str) -> st.SearchStrategy[str]:
    """Return the parts one after the other."""
    return st.tuples(*(st.just(each) if isinstance(each, str) else each for each in parts)).map(
        "".join
    )


def gs1(length: int) -> st.SearchStrategy[str]:
    """Return keys with their check digit."""
    return digits(length - 1).map(lambda body: body + gs1_check(body))


def uscc(first: str, organisation: str) -> str:
    body = first + organisation + organisation_check(organisation)
    return body + uscc_check(body)


days = st.dates(date(1850, 1, 1), date(2099, 12, 31)).map(lambda day: f"{day:%Y%m%d}")
old_days = st.dates(date(1900, 1, 1), date(1999, 12, 31)).map(lambda day: f"{day:%y%m%d}")
counties = st.one_of(
    st.sampled_from(BEIJING),
    st.sampled_from(["810000", "820000", "830000"]),
    joined(st.sampled_from(["31", "12"]), st.sampled_from(["0101", "0117", "0230"])),
    joined(
        st.sampled_from(sorted(PROVINCES - {"11", "12", "31", "50", "71", "81", "82"})),
        st.sampled_from(["0102", "0426", "1302", "9006"]),
    ),
)
resident_ids = joined(counties, days, digits(3)).map(lambda body: body + resident_check(body))
old_resident_ids = joined(counties, old_days, digits(3))
mobiles = joined("1", st.sampled_from("3456789"), digits(9))

# Many of digits only: those are taken for people's most easily.
_organisations = st.one_of(digits(8), st.text(USCC_ALPHABET, min_size=8, max_size=8))
_first_two = st.sampled_from(
    ["11", "12", "13", "21", "31", "32", "41", "51", "52", "53", "91", "92", "N2", "Y1"]
)
usccs = st.builds(
    uscc,
    joined(_first_two, st.one_of(st.sampled_from(BEIJING), joined(provinces, digits(4)))),
    _organisations,
)


def _licence(definer: str, number: str, issuer: str, serial: str, version: str) -> str:
    check = hybrid_check(definer + number + issuer + serial + version, ALPHANUMERICS)
    return f"1.2.156.3005.2.{definer}{number}.{issuer}.{serial}.{version}.{check}"


licences = st.builds(
    _licence, usccs, digits(3), st.one_of(usccs, st.sampled_from(BEIJING)), digits(1, 10), digits(3)
)
invoices = joined(digits(2), provinces, digits(16))
bill_keys = joined(provinces, digits(6), st.sampled_from(["-", " "]), digits(10))
former_bills = joined(digits(10), " ", digits(8))
units = joined(
    st.sampled_from(BEIJING),
    digits(3).filter(lambda text: text != "000"),
    digits(3),
    "GB",
    digits(5),
    "F",
    digits(8),
)
wastes = joined(digits(3), "-", digits(3), "-", st.sampled_from(["01", "08", "17", "49", "50"]))
manifests = joined(
    "20", digits(2), provinces, digits(2), st.integers(1, 999_999).map("{:06}".format)
)
supplies = joined(st.sampled_from("123"), digits(6))
service_items = joined(usccs, digits(13))
food_licences = joined(st.sampled_from("12"), digits(2), provinces, digits(8)).map(
    lambda body: f"SC{body}{hybrid_check(body, DIGITS)}"
)
resource_codes = joined(
    "1",
    st.sampled_from(["01", "05"]),
    digits(3, 9),
    "/",
    st.integers(1, 99_999_999).map("{:06}".format),
)
document_numbers = joined(
    st.sampled_from(["京市监罚", "京海一税简罚", "（京朝）应急罚", "京建法罚（市）字"]),
    "〔",
    st.integers(1990, 2040).map(str),
    "〕",
    st.sampled_from(["", "D", "执法队-", "简"]),
    st.integers(1, 999_999_999_999).map(str),
    st.sampled_from(["", "-1", "A"]),
    "号",
    st.sampled_from(["", "之一", "之二十三"]),
)
titles = joined(
    "京(",
    st.integers(2015, 2040).map(str),
    ")",
    st.sampled_from(["海淀区", "市", "密云区"]),
    "不动产权第",
    st.integers(1, 99_999_999).map("{:07}".format),
    "号",
)
elements = st.one_of(
    joined("(00)", gs1(18)),
    joined("(01)", gs1(14)),
    joined("(414)", gs1(13)),
    joined("(253)", gs1(13)),
    joined("(8017)", gs1(18)),
    joined("(8018)", gs1(18)),
)
digests = st.text("0123456789abcdef", min_size=64, max_size=64).filter(
    lambda text: not text.isdigit()
)
timestamps = (
    st.datetimes()
    .map(lambda moment: f"{moment:%Y-%m-%dT%H:%M:%SZ}")
    .filter(lambda text: len(text) == 20)
)
