"""What the rendered set will ask of Vault: one Reference for each secret that something reads, made or hand-written. Pure.

One module a family of objects (`FAMILIES` in `families`), all of which give the same value, so that verifying and writing policies know no
kinds at all.
"""
