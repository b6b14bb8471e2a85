"""Worked cases with exact results, for every way to ask a scheme: domain, command, API, stored visit."""

from typing import Any

Case = tuple[str, dict[str, Any], dict[str, Any]]
"""Scheme id, inputs, and the outputs that must come out exactly (others may come beside them)."""

PUBLISHED: dict[str, Case] = {
    "E1": (
        "uk.fhrs",
        {"hygiene": 5, "structural": 5, "confidence_in_management": 5},
        {"valid": True, "total": 15, "max_component": 5, "rating": 5, "descriptor": "Very good"},
    ),
    "E2": (
        "uk.fhrs",
        {"hygiene": 10, "structural": 5, "confidence_in_management": 0},
        {"valid": True, "total": 15, "max_component": 10, "rating": 4, "descriptor": "Good"},
    ),
    "E3": (
        "uk.fhrs",
        {"hygiene": 0, "structural": 0, "confidence_in_management": 20},
        {
            "valid": True,
            "total": 20,
            "max_component": 20,
            "rating": 1,
            "descriptor": "Major improvement necessary",
        },
    ),
    "E4": (
        "uk.fhrs",
        {"hygiene": 10, "structural": 10, "confidence_in_management": 5},
        {
            "valid": True,
            "total": 25,
            "max_component": 10,
            "rating": 3,
            "descriptor": "Generally satisfactory",
        },
    ),
    "E5": (
        "us.nyc",
        {
            "visit": "initial",
            "date": "2026-03-02",
            "violations": [
                {"code": "02B", "level": "I", "points": 7},
                {"code": "08A", "level": "III", "points": 4},
                {"code": "10F", "level": "I", "points": 2},
            ],
        },
        {"score": 13, "grade": "A", "status": "graded"},
    ),
    "E6": (
        "us.nyc",
        {
            "visit": "initial",
            "date": "2026-03-02",
            "violations": [
                {"code": "02B", "level": "III", "points": 9},
                {"code": "06D", "level": "I", "points": 5},
            ],
        },
        {
            "score": 14,
            "grade": None,
            "status": "reinspection_required",
            "reinspection_not_before": "2026-03-09",
        },
    ),
    "E7": (
        "us.nyc",
        {
            "visit": "reinspection",
            "date": "2026-03-16",
            "violations": [
                {"code": "02B", "level": "III", "points": 9},
                {"code": "06D", "level": "I", "points": 5},
            ],
        },
        {"score": 14, "grade": "B", "status": "graded"},
    ),
    "E8": (
        "cn.dynamic_2012",
        {
            "date": "2026-04-20",
            "licence_issued": "2023-01-05",
            "sections": [10, 9, 9, 8.5, 9, 10, 9, 8, 9],
            "key_items_failed": 0,
        },
        {"score": "9.1", "grade": "优秀", "icon": "大笑"},
    ),
    "E9": (
        "cn.dynamic_2012",
        {
            "date": "2026-04-20",
            "licence_issued": "2026-02-01",
            "sections": [10, 10, 10, 10, 10, 10, 10, 10, 10],
            "key_items_failed": 0,
        },
        {"score": None, "grade": None, "reason": "new_licence_lt_3_months"},
    ),
    "E10": (
        "cn.annual_2012",
        {
            "as_of": "2026-06-30",
            "inspections": [
                {"date": "2025-09-10", "score": "9.1"},
                {"date": "2026-01-12", "score": "8.9"},
                {"date": "2026-05-08", "score": "8.9"},
            ],
        },
        {"counted": 3, "average": "9.0", "grade": "优秀", "letter": "A"},
    ),
    "E11": (
        "cn.checklist_2016",
        {"key": {"checked": 7, "failed": 0}, "general": {"checked": 23, "not_applicable": 0, "passed": 18}},
        {"general_pass_rate_percent": "78.26", "result": "基本符合"},
    ),
    "E12": (
        "cn.risk_2016",
        {"diners": 300, "static_category_points": "14", "dynamic_points": "12", "raise_levels": 1},
        {"static": "18", "total": "30", "level": "A", "next_year_level": "B", "inspections_per_year": [1, 2]},
    ),
}
