"""Names of invented townships, villages and schools, in Chinese and English."""

from random import Random

from device_simulator.model import SchoolKind

TOWNSHIPS: tuple[tuple[str, str, float, float], ...] = (
    # Chinese, English, and the centre's distance from the county town: degrees north, degrees east
    ("青禾街道", "Qinghe", 0.005, -0.012),
    ("荷塘街道", "Hetang", -0.014, 0.016),
    ("柳湾镇", "Liuwan", 0.088, 0.021),
    ("石榴镇", "Shiliu", 0.152, -0.058),
    ("白鹤镇", "Baihe", 0.121, 0.112),
    ("苇河镇", "Weihe", 0.031, 0.134),
    ("枣林镇", "Zaolin", -0.047, 0.148),
    ("雁桥镇", "Yanqiao", -0.118, 0.096),
    ("槐阳镇", "Huaiyang", -0.149, 0.008),
    ("蒜香镇", "Suanxiang", -0.102, -0.089),
    ("云堤镇", "Yundi", -0.031, -0.127),
    ("桑园镇", "Sangyuan", 0.049, -0.139),
    ("麦丘镇", "Maiqiu", 0.112, -0.121),
)

_FIRST = (
    ("槐", "Huai"), ("柳", "Liu"), ("杏", "Xing"), ("枣", "Zao"), ("梨", "Li"), ("桑", "Sang"), ("榆", "Yu"),
    ("荷", "He"), ("蒲", "Pu"), ("苇", "Wei"), ("松", "Song"), ("雁", "Yan"), ("石", "Shi"), ("沙", "Sha"),
    ("青", "Qing"), ("泉", "Quan"), ("竹", "Zhu"), ("菱", "Ling"), ("麦", "Mai"), ("棠", "Tang"),
)  # fmt: skip
_SECOND = (
    ("庄", "zhuang"), ("楼", "lou"), ("集", "ji"), ("寨", "zhai"), ("店", "dian"), ("桥", "qiao"),
    ("屯", "tun"), ("洼", "wa"), ("营", "ying"), ("湾", "wan"), ("岗", "gang"), ("铺", "pu"), ("渡", "du"),
)  # fmt: skip
VILLAGES: tuple[tuple[str, str], ...] = tuple(
    (first_zh + second_zh, first_en + second_en)
    for second_zh, second_en in _SECOND
    for first_zh, first_en in _FIRST
)[:-1]
"""259 of them: a number that shares no factor with the 13 townships, so no pair of the two comes twice."""

_HIGH = (
    ("文峰", "Wenfeng"), ("明德", "Mingde"), ("湖滨", "Hubin"), ("崇文", "Chongwen"), ("致远", "Zhiyuan"),
    ("弘毅", "Hongyi"), ("笃行", "Duxing"), ("远航", "Yuanhang"),
)  # fmt: skip
_VOCATIONAL = (("匠心", "Jiangxin"), ("惠农", "Huinong"), ("百工", "Baigong"), ("厚技", "Houji"))
_SPECIAL = (("晨光", "Chenguang"), ("暖阳", "Nuanyang"), ("同行", "Tongxing"), ("春晖", "Chunhui"))
_ORDINAL_ZH = ("", "第二", "第三", "第四", "第五", "第六", "第七", "第八", "第九", "第十")
_ORDINAL_EN = ("", "No. 2 ", "No. 3 ", "No. 4 ", "No. 5 ", "No. 6 ", "No. 7 ", "No. 8 ", "No. 9 ", "No. 10 ")


def shuffled_villages(seed: int) -> list[tuple[str, str]]:
    """All village names in the order this seed hands them out."""
    villages = list(VILLAGES)
    Random(f"{seed}/villages").shuffle(villages)
    return villages


def school_name(
    kind: SchoolKind, nth: int, township: tuple[str, str], nth_there: int, village: tuple[str, str]
) -> tuple[str, str]:
    """Chinese and English name of the `nth` school of its kind, the `nth_there` of it in the township."""
    town_zh, town_en = township
    village_zh, village_en = village
    match kind:
        case "kindergarten" if nth_there == 0:
            return f"{town_zh}中心幼儿园", f"{town_en} Central Kindergarten"
        case "kindergarten":
            return f"{town_zh}{village_zh}幼儿园", f"{village_en} Kindergarten, {town_en}"
        case "primary" if nth_there == 0:
            return f"{town_zh}中心小学", f"{town_en} Central Primary School"
        case "primary":
            return f"{town_zh}{village_zh}小学", f"{village_en} Primary School, {town_en}"
        case "middle":
            turn = nth_there % len(_ORDINAL_ZH)
            return f"{town_zh}{_ORDINAL_ZH[turn]}初级中学", f"{town_en} {_ORDINAL_EN[turn]}Middle School"
        case "high":
            return _numbered(_HIGH, nth, "高级中学", "Senior High School")
        case "vocational":
            return _numbered(_VOCATIONAL, nth, "职业中等专业学校", "Vocational School")
        case "special":
            return _numbered(_SPECIAL, nth, "特殊教育学校", "Special Education School")


def _numbered(
    names: tuple[tuple[str, str], ...], nth: int, suffix_zh: str, suffix_en: str
) -> tuple[str, str]:
    zh, en = names[nth % len(names)]
    turn = nth // len(names)
    if turn == 0:
        return f"{zh}{suffix_zh}", f"{en} {suffix_en}"
    return f"{zh}{suffix_zh}({turn + 1}校区)", f"{en} {suffix_en} (campus {turn + 1})"
