"""The operations of the OpenAPI document, so that a test can go through all of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import FastAPI

from loans.access import ALLOWED, Role

UNKNOWN = UUID(int=1, version=4)
SAFE = ("get", "head")
# What anybody may ask, by name: there is no caller yet, or none is needed.
OPEN = {"session.sign_in", "health.live", "health.ready"}
# Writes without a key: the two ends of a browser session. (A POST may also only ask.)
KEYLESS = {"session.sign_in", "session.sign_out"}


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    content: dict[str, Any]
    components: dict[str, Any]

    @property
    def name(self) -> str:
        """Its operationId."""
        return self.content["operationId"]

    @property
    def roles(self) -> frozenset[Role]:
        """Who may call it."""
        return ALLOWED[self.content["x-operation"]]

    @property
    def writes(self) -> bool:
        """Whether it changes anything of the programme."""
        asks = "x-only-asks" in self.content
        return self.method not in SAFE and not asks and self.name not in KEYLESS

    @property
    def is_list(self) -> bool:
        """Whether it answers with many of a kind."""
        content = self.content["responses"].get("200", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        if "$ref" in schema:
            schema = self.components[schema["$ref"].rpartition("/")[2]]
        return schema.get("type") == "array" or "items" in schema.get("properties", {})

    def parameters(self, place: str) -> dict[str, Any]:
        """Its parameters in the path, query or header, by name."""
        found = self.content.get("parameters", [])
        return {p["name"]: p for p in found if p["in"] == place}

    def address(self, **given: str) -> str:
        """The path with its parameters filled in: those given, else ids that name nothing."""
        values = {name: str(UNKNOWN) for name in self.parameters("path")}
        values |= {"month": "2019-04", "year": "2019", "kind": "exclusion"} | given
        return self.path.format(**values)

    def request(self) -> dict[str, Any]:
        """A well-formed body (or form), made of the documented examples."""
        content = self.content.get("requestBody", {}).get("content", {})
        if "application/json" in content:
            return {"json": self.example(content["application/json"]["schema"])}
        if "multipart/form-data" in content:
            form = self.components[content["multipart/form-data"]["schema"]["$ref"].split("/")[-1]]
            fields = {"since": "2019-03-21", "until": "2019-06-21", "kind": "exclusion"}
            fields |= {"source": "人社局"}
            data = {name: text for name, text in fields.items() if name in form["properties"]}
            return {"data": data, "files": {"file": ("a.csv", "借据号\n".encode(), "text/csv")}}
        return {}

    def example(self, schema: dict[str, Any]) -> Any:
        """The documented example of a schema, put together from those of its parts."""
        if "$ref" in schema:
            return self.example(self.components[schema["$ref"].rpartition("/")[2]])
        if "examples" in schema:
            return schema["examples"][0]
        if "const" in schema or "default" in schema:
            return schema.get("const", schema.get("default"))
        if "enum" in schema:
            return schema["enum"][0]
        if "anyOf" in schema:
            return self.example(schema["anyOf"][0])
        if schema.get("type") == "object":
            required = schema.get("required", [])
            return {name: self.example(schema["properties"][name]) for name in required}
        if schema.get("type") == "array":
            return [self.example(schema["items"])]
        if schema.get("format") == "uuid":
            return str(UNKNOWN)
        return {"boolean": True, "integer": schema.get("minimum", 0)}.get(schema["type"], "文字")


def operations(app: FastAPI) -> Iterator[Operation]:
    """Every operation that the document names."""
    document = app.openapi()
    for path, methods in document["paths"].items():
        for method, content in methods.items():
            yield Operation(method, path, content, document["components"]["schemas"])


def operation_at(app: FastAPI, method: str, path: str) -> Operation:
    """The operation that a request comes to."""
    (found,) = (o for o in operations(app) if o.method == method.lower() and _leads_to(o, path))
    return found


def _leads_to(operation: Operation, path: str) -> bool:
    named, given = operation.path.split("/"), path.split("/")
    return len(named) == len(given) and all(
        name == part or name.startswith("{") for name, part in zip(named, given, strict=True)
    )
