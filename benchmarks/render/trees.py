"""The inputs of the benchmark: the same applications as intents, as hand-written objects, and as argocd-vault-plugin wants them."""

from __future__ import annotations

from pathlib import Path

PROFILE = """apiVersion: keywave.dev/v1alpha1
kind: VaultProfile
metadata: {name: vault}
spec:
  address: https://vault.example.com:8200
  auth: {method: kubernetes, role: "{namespace}-{serviceAccount}", audiences: [vault]}
  kv: {mount: secret, prefix: bench/}
"""


def deployment(number: int, *, namespace: str = "bench") -> str:
    """A Deployment of ordinary length that consumes the Secret `app-<number>`."""
    name = f"app-{number:05d}"
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: {namespace}
  labels:
    app.kubernetes.io/name: {name}
spec:
  replicas: 2
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
    spec:
      serviceAccountName: {name}
      containers:
      - name: app
        image: registry.example.com/{name}:1.0.0
        ports:
        - containerPort: 8080
        envFrom:
        - secretRef:
            name: {name}
        resources:
          requests:
            cpu: 100m
            memory: 128Mi
"""


def service_account(number: int) -> str:
    return f"apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: app-{number:05d}\n  namespace: bench\n"


def intent(number: int) -> str:
    """The intent of one application: two keys of one path."""
    name = f"app-{number:05d}"
    return f"""apiVersion: keywave.dev/v1alpha1
kind: SecretIntent
metadata:
  name: {name}
  namespace: bench
spec:
  kv: {name}/config
  keys:
    DB_USER: username
    DB_PASS: password
"""


def by_hand(number: int) -> str:
    """The five objects that people write beside the Deployment today."""
    name = f"app-{number:05d}"
    meta = f"metadata:\n  name: {name}\n  namespace: bench\n"
    return "---\n".join(
        [
            service_account(number),
            f"""apiVersion: secrets.hashicorp.com/v1beta1
kind: VaultAuth
{meta}spec:
  method: kubernetes
  mount: kubernetes
  kubernetes:
    role: bench-{name}
    serviceAccount: {name}
    audiences:
    - vault
""",
            f"""apiVersion: secrets.hashicorp.com/v1beta1
kind: VaultStaticSecret
{meta}spec:
  vaultAuthRef: {name}
  mount: secret
  type: kv-v2
  path: bench/{name}/config
  destination:
    name: {name}
    create: true
    transformation:
      excludeRaw: true
      excludes:
      - .*
      templates:
        DB_USER:
          text: '{{{{ get .Secrets "username" }}}}'
        DB_PASS:
          text: '{{{{ get .Secrets "password" }}}}'
  rolloutRestartTargets:
  - kind: Deployment
    name: {name}
""",
            f"""apiVersion: rbac.authorization.k8s.io/v1
kind: Role
{meta}rules:
- apiGroups: ['']
  resources: [secrets]
  resourceNames: [{name}]
  verbs: [get, update, patch, delete]
""",
            f"""apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
{meta}roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {name}
subjects:
- kind: ServiceAccount
  name: vault-secrets-operator-controller-manager
  namespace: vault-secrets-operator-system
""",
        ]
    )


def placeholder_secret(number: int) -> str:
    """One Secret with two inline references, as argocd-vault-plugin resolves them."""
    path = f"secret/data/bench/app-{number:05d}/config"
    return f"""apiVersion: v1
kind: Secret
metadata:
  name: app-{number:05d}
  namespace: bench
stringData:
  DB_USER: <path:{path}#username>
  DB_PASS: <path:{path}#password>
"""


def write_tree(folder: Path, files: dict[str, str]) -> Path:
    """Write files and a kustomization that lists them; returns the folder."""
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    listed = "".join(f"- {name}\n" for name in files)
    (folder / "kustomization.yaml").write_text(
        f"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n{listed}"
    )
    return folder


def intents_tree(folder: Path, apps: int) -> Path:
    """A kustomization of Deployment and intent per application (2 objects each) and one profile."""
    files = {f"app-{n:05d}.yaml": f"{deployment(n)}---\n{intent(n)}" for n in range(apps)}
    return write_tree(folder, {"profile.yaml": PROFILE, **files})


def hand_written_tree(folder: Path, apps: int) -> Path:
    """A kustomization of the equivalent six objects per application."""
    return write_tree(folder, {f"app-{n:05d}.yaml": f"{deployment(n)}---\n{by_hand(n)}" for n in range(apps)})


def intents_stream(apps: int) -> str:
    """One stream: profile, intents, Deployments."""
    return "---\n".join([PROFILE, *(intent(n) for n in range(apps)), *(deployment(n) for n in range(apps))])


def placeholder_stream(apps: int) -> str:
    """One stream of `apps` Secrets (2 references each) and twice as many other objects."""
    parts = [placeholder_secret(n) for n in range(apps)]
    parts += [deployment(n) for n in range(apps)] + [service_account(n) for n in range(apps)]
    return "---\n".join(parts)
