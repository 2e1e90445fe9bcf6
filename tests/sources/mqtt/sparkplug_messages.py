"""Sparkplug payloads, encoded by Google's protobuf from the public schema."""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FIELD = descriptor_pb2.FieldDescriptorProto
TYPES = {
    "uint32": FIELD.TYPE_UINT32,
    "uint64": FIELD.TYPE_UINT64,
    "float": FIELD.TYPE_FLOAT,
    "double": FIELD.TYPE_DOUBLE,
    "bool": FIELD.TYPE_BOOL,
    "string": FIELD.TYPE_STRING,
    "bytes": FIELD.TYPE_BYTES,
}
# By message: name, number, type, with a star if repeated, and "value" if one of the alternatives of a value.
SCHEMA = {
    "PropertyValue": (
        ("type", 1, "uint32", ""),
        ("is_null", 2, "bool", ""),
        ("int_value", 3, "uint32", "value"),
        ("long_value", 4, "uint64", "value"),
        ("float_value", 5, "float", "value"),
        ("double_value", 6, "double", "value"),
        ("boolean_value", 7, "bool", "value"),
        ("string_value", 8, "string", "value"),
    ),
    "PropertySet": (("keys", 1, "string", "*"), ("values", 2, "PropertyValue", "*")),
    "DataSet": (("num_of_columns", 1, "uint64", ""),),
    "Metric": (
        ("name", 1, "string", ""),
        ("alias", 2, "uint64", ""),
        ("timestamp", 3, "uint64", ""),
        ("datatype", 4, "uint32", ""),
        ("is_historical", 5, "bool", ""),
        ("is_transient", 6, "bool", ""),
        ("is_null", 7, "bool", ""),
        ("properties", 9, "PropertySet", ""),
        ("int_value", 10, "uint32", "value"),
        ("long_value", 11, "uint64", "value"),
        ("float_value", 12, "float", "value"),
        ("double_value", 13, "double", "value"),
        ("boolean_value", 14, "bool", "value"),
        ("string_value", 15, "string", "value"),
        ("bytes_value", 16, "bytes", "value"),
        ("dataset_value", 17, "DataSet", "value"),
    ),
    "Payload": (
        ("timestamp", 1, "uint64", ""),
        ("metrics", 2, "Metric", "*"),
        ("seq", 3, "uint64", ""),
        ("uuid", 4, "string", ""),
        ("body", 5, "bytes", ""),
    ),
}
# Name of the field by data type: Int8 is 1, Boolean 11, String 12.
FIELD_OF = {
    **dict.fromkeys((1, 2, 3, 5, 6, 7), "int_value"),
    **dict.fromkeys((4, 8, 13), "long_value"),
    **{9: "float_value", 10: "double_value", 11: "boolean_value", 12: "string_value"},
}
INT16, INT32, INT64, FLOAT, DOUBLE, BOOLEAN, STRING = 2, 3, 4, 9, 10, 11, 12
BITS = {1: 32, 2: 32, 3: 32, 4: 64}  # those of the field that a signed type travels in


def _payload_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="sparkplug.proto", package="test", syntax="proto2")
    for name, fields in SCHEMA.items():
        message = file.message_type.add(name=name)
        for field, number, kind, role in fields:
            label = FIELD.LABEL_REPEATED if role == "*" else FIELD.LABEL_OPTIONAL
            added = message.field.add(name=field, number=number, label=label)
            added.type = TYPES.get(kind, FIELD.TYPE_MESSAGE)
            if kind not in TYPES:
                added.type_name = f".test.{kind}"
            if role == "value":
                if not message.oneof_decl:
                    message.oneof_decl.add(name="value")
                added.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("test.Payload"))


Payload = _payload_class()


def metric(
    name: str = "", value: Any = None, datatype: int = DOUBLE, *, has_type: bool = True, **more: Any
) -> dict[str, Any]:
    """Return the fields of a metric. ``properties`` are those by name; ``has_type``: the type is sent."""
    if datatype in BITS and value is not None:
        value &= (1 << BITS[datatype]) - 1
    found: dict[str, Any] = {"name": name} if name else {}
    found |= {"datatype": datatype} if has_type else {}
    found |= {FIELD_OF[datatype]: value} if value is not None else {"is_null": True}
    if properties := more.pop("properties", None):
        values = [property_value(each) for each in properties.values()]
        found["properties"] = {"keys": list(properties), "values": values}
    return found | more


def property_value(value: int | float | str) -> dict[str, Any]:
    """Return the fields of a property."""
    if isinstance(value, str):
        return {"type": STRING, "string_value": value}
    if isinstance(value, int):
        return {"type": INT32, "int_value": value & 0xFFFF_FFFF}
    return {"type": DOUBLE, "double_value": value}


def payload(*metrics: dict[str, Any], seq: int | None = None, timestamp: int | None = None) -> bytes:
    """Return an encoded payload."""
    given = {"seq": seq, "timestamp": timestamp}
    numbers = {name: value for name, value in given.items() if value is not None}
    return bytes(Payload(metrics=list(metrics), **numbers).SerializeToString())


def bd_seq(number: int) -> dict[str, Any]:
    """Return the metric by which a death names its birth."""
    return metric("bdSeq", number, INT64)
