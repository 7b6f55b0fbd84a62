"""The intent API: `keywave.dev/v1alpha1` VaultProfile and SecretIntent.

`wire` has the schemas as data, `load` turns manifests into the frozen types of `model`. Rule: nothing above this package sees
a wire document; nothing here knows a delivery pattern or a target.
"""
