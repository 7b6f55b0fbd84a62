"""HTTP as both Vault and Kubernetes are asked by it. Knows neither."""
