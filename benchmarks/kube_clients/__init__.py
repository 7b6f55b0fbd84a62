"""What talking to Kubernetes costs through each client library that there is for Python, and through our own."""
