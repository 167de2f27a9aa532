"""A file that is imported, and contacts that are exported."""

from __future__ import annotations

from tests.recording import Call, Json

IMPORTS, EXPORTS = "/crm/v3/imports", "/crm/v3/exports/export"


def tell(call: Call) -> None:
    columns = [
        {"columnObjectTypeId": "0-1", "columnName": heading, "propertyName": name}
        for heading, name in (("First name", "firstname"), ("Email", "email"))
    ]
    file = {"fileName": "people.csv", "fileFormat": "CSV",
            "fileImportPage": {"hasHeader": True, "columnMappings": columns}}  # fmt: skip
    request = {"name": "March", "importOperations": {"0-1": "UPSERT"}, "files": [file]}
    text = "First name,Email\nAna,ana@example.com\n"
    made = call(
        "POST", IMPORTS, {"importRequest": request, "files": ["people.csv"]},
        files={"people.csv": text},
    )  # fmt: skip
    one: Json = {"key": made["id"]}
    call("GET", f"{IMPORTS}/{{key}}", **one)
    call("GET", IMPORTS, query={"limit": 10})
    call("GET", f"{IMPORTS}/{{key}}/errors", **one)
    call("POST", f"{IMPORTS}/{{key}}/cancel", **one)
    wanted = {
        "exportType": "VIEW", "exportName": "All contacts", "format": "CSV",
        "objectType": "CONTACT", "objectProperties": ["email", "firstname"], "language": "EN",
    }  # fmt: skip
    started = call("POST", f"{EXPORTS}/async", wanted)
    call("GET", f"{EXPORTS}/async/tasks/{{key}}/status", key=started["id"])
    call("GET", f"{EXPORTS}/{{key}}", key=started["id"])
