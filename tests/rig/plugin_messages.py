"""The messages of Argo CD's plugin protocol (cmpserver/plugin/plugin.proto), as far as a caller needs them.

Described at run time: generated code would be a file that nobody reads, and would want its own version of protobuf.
Numbers and names are the wire's; what is not described here is skipped by protobuf when it comes.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto
PACKAGE = "plugin"

# message -> field -> (number, type, repeated); a type with a capital letter is another message of this table.
MESSAGES: dict[str, dict[str, tuple[int, str, bool]]] = {
    "EnvEntry": {"name": (1, "string", False), "value": (2, "string", False)},
    "ManifestRequestMetadata": {
        "appName": (1, "string", False),
        "appRelPath": (2, "string", False),
        "checksum": (3, "string", False),
        "size": (4, "int64", False),
        "env": (5, "EnvEntry", True),
    },
    "File": {"chunk": (1, "bytes", False)},
    # A oneof upstream: on the wire that is two fields of which one is sent.
    "AppStreamRequest": {"metadata": (1, "ManifestRequestMetadata", False), "file": (2, "File", False)},
    "ManifestResponse": {"manifests": (1, "string", True), "sourceType": (2, "string", False)},
    "RepositoryResponse": {"isSupported": (1, "bool", False), "isDiscoveryEnabled": (2, "bool", False)},
    "MapEntry": {"key": (1, "string", False), "value": (2, "string", False)},
    "ParameterAnnouncement": {
        "name": (1, "string", False),
        "title": (2, "string", False),
        "tooltip": (3, "string", False),
        "required": (4, "bool", False),
        "itemType": (5, "string", False),
        "collectionType": (6, "string", False),
        "string": (7, "string", False),
        "array": (8, "string", True),
        # A map on the wire is a list of pairs.
        "map": (9, "MapEntry", True),
    },
    "ParametersAnnouncementResponse": {"parameterAnnouncements": (1, "ParameterAnnouncement", True)},
    "CheckPluginConfigurationResponse": {
        "isDiscoveryConfigured": (1, "bool", False),
        "provideGitCreds": (2, "bool", False),
    },
    "Empty": {},
}

TYPES = {
    "string": _FIELD.TYPE_STRING,
    "bytes": _FIELD.TYPE_BYTES,
    "bool": _FIELD.TYPE_BOOL,
    "int64": _FIELD.TYPE_INT64,
}


def message_classes() -> dict[str, Any]:
    described = descriptor_pb2.FileDescriptorProto(name="rig/plugin.proto", package=PACKAGE, syntax="proto3")
    for name, fields in MESSAGES.items():
        message = described.message_type.add(name=name)
        for field, (number, kind, repeated) in fields.items():
            added = message.field.add(name=field, number=number)
            added.label = _FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
            if kind in TYPES:
                added.type = TYPES[kind]
            else:
                added.type, added.type_name = _FIELD.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(described)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in MESSAGES}


CLASSES = message_classes()
