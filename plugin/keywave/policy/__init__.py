"""The least that the rendered set needs of Vault: policies and auth roles from references, as text in one of `FORMATS`. Pure."""
