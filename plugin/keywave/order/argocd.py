"""Target argocd: sync waves on what makes Secrets and on everything that needs; nothing on the rest.

Rules: a wave that the user wrote is kept, and what it makes impossible is an error; an object without one gets the profile's
number, or a lower one where an explicit wave of what needs it asks for that (a migration job in wave -1). Workloads are not touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from keywave.findings import Finding
from keywave.objects.manifest import Manifest
from keywave.order.graph import Edge, followers
from keywave.order.kinds import Part
from keywave.order.model import Ordered, OrderOptions
from keywave.order.plan import APPS, Plan, layers
from keywave.order.waves import HELM_HOOK, HOOK, PHASES, WAVE, When, bad_wave, explicit_wave, phase_of


def arrange(plan: Plan, options: OrderOptions) -> Ordered:
    """Waves as annotations; with `layer="all"` one Application for each layer as `extra`."""
    waves = assign(plan, options)
    manifests = [node.manifest for node in plan.nodes]
    for position, wave in waves.items():
        manifests[position] = manifests[position].with_annotations({WAVE: str(wave)})
    held = layers(plan, manifests)
    found = tuple(_findings(plan, waves, options))
    if options.layer != "all":
        return Ordered(held, (), found)
    from keywave.order.applications import applications  # an app of apps is asked for rarely

    return Ordered(held, applications(held, options), found)


def assign(plan: Plan, options: OrderOptions) -> dict[int, int]:
    """Position -> wave for the staged objects that have none. From the end to the start: later objects bound earlier ones."""
    step = options.argo.secret_wave - options.argo.setup_wave + 1
    after = followers(len(plan.nodes), plan.edges)
    known: dict[int, int] = {}
    given: dict[int, int] = {}
    bounds = _below_consumers(plan)
    lowest = _lowest(plan, options, step, bounds)
    for position in reversed(plan.order):
        stage = plan.stages[position]
        if stage == APPS:
            continue
        node = plan.nodes[position]
        wave = explicit_wave(node.manifest)
        if wave is None:
            secret = node.part is Part.SECRET
            wave = (options.argo.secret_wave if secret else options.argo.setup_wave) - stage * step
            wave = min(wave, bounds.get(position, wave))
            for follower in after[position]:
                if follower in known:
                    apart = 1 if secret or plan.nodes[follower].part is Part.SECRET else 0
                    wave = min(wave, known[follower] - apart)
            if position in plan.operator:
                wave = min(wave, lowest)
            if WAVE not in node.manifest.annotations:
                given[position] = wave
        known[position] = wave
    return given


def _below_consumers(plan: Plan) -> dict[int, int]:
    """Secret object -> the wave below its earliest consumer, counting only consumers with a wave of their own."""
    found: dict[int, int] = {}
    for edge in plan.edges:
        if not edge.gate or plan.stages[edge.after] != APPS:
            continue
        consumer = plan.nodes[edge.after].manifest
        wave = explicit_wave(consumer)
        if wave is not None and phase_of(consumer) == phase_of(plan.nodes[edge.before].manifest):
            found[edge.before] = min(wave - 1, found.get(edge.before, wave - 1))
    return found


def _lowest(plan: Plan, options: OrderOptions, step: int, bounds: dict[int, int]) -> int:
    """The wave that nothing which the operator needs may exceed, because some secret object comes right after it."""
    waves = [options.argo.setup_wave - plan.top * step]
    for position, node in enumerate(plan.nodes):
        wave = explicit_wave(node.manifest) if node.part is Part.SECRET else None
        wave = bounds.get(position) if wave is None else wave
        if wave is not None:
            waves.append(wave - 1 - 2 * (plan.top - plan.stages[position]))  # each round before it takes two waves
    return min(waves)


def _findings(plan: Plan, waves: dict[int, int], options: OrderOptions) -> Iterator[Finding]:
    if not plan.ours:
        return
    when: dict[int, When] = {}
    for position, node in enumerate(plan.nodes):
        if not node.manifest.annotations:  # nearly all; the rest of the loop would say the same
            when[position] = When(PHASES["Sync"], waves.get(position, 0))
            continue
        if bad_wave(node.manifest):
            yield _bad(node.manifest)
            continue
        phase = phase_of(node.manifest)
        if phase is not None:
            when[position] = When(phase, waves.get(position, explicit_wave(node.manifest) or 0))
    knots = [frozenset(cycle) for cycle in plan.cycles]  # told as circles already
    for edge in plan.edges:
        if knots and any(knot >= {edge.before, edge.after} for knot in knots):
            continue
        if edge.before in when and edge.after in when:
            yield from _edge(plan, edge, when[edge.before], when[edge.after], options)
    yield from _namespaces(plan, when)
    yield from _operator(plan, when)


def _bad(manifest: Manifest) -> Finding:
    value = manifest.annotations[WAVE]
    shown = f'"{value}"' if isinstance(value, str) else f"{value!r} (not a text)"
    return manifest.finding(
        "KW4002",
        f"the sync wave is {shown}, which is no whole number in quotes; Argo CD would take it for 0 without a word",
        "metadata",
        "annotations",
        WAVE,
        hint=f'write a whole number in quotes, such as {WAVE}: "-1"',
    )


def _edge(plan: Plan, edge: Edge, before: When, after: When, options: OrderOptions) -> Iterator[Finding]:
    """What an edge asks of two moments: a gate wants an earlier one, any other need not a later one."""
    first, second = plan.nodes[edge.before], plan.nodes[edge.after]
    waits = plan.stages[edge.after] != APPS
    if edge.gate and before >= after:
        if after.phase < before.phase:
            yield _phase(first.manifest, second.manifest, before, after)
        else:
            yield _gate(first.manifest, second.manifest, before, after, options)
    elif waits and before > after and first.kind not in ("Namespace", "CustomResourceDefinition"):
        # Argo CD itself pulls these two forward to their first object.
        yield _late(first.manifest, second.manifest, before, after, edge.why)


def _gate(first: Manifest, second: Manifest, before: When, after: When, options: OrderOptions) -> Finding:
    return second.finding(
        "KW4003",
        f"{second.subject} ({after}) needs the Secret that {first.subject} ({before}) makes, which does not come before it",
        *_wave_keys(second),
        hint=_gate_hint(first, before, after, options),
    )


def _gate_hint(first: Manifest, before: When, after: When, options: OrderOptions) -> str:
    if explicit_wave(first) is None:
        return (
            f"give the workload a wave above {before.wave}, or lower the numbers for all with "
            f"argocd: {{setupWave: {after.wave - 2}, secretWave: {after.wave - 1}}} in the profile"
        )
    return f'set {WAVE}: "{before.wave + 1}" on the workload, or "{after.wave - 1}" on {first.subject}'


def _phase(first: Manifest, second: Manifest, before: When, after: When) -> Finding:
    name = next(name for name, number in PHASES.items() if number == after.phase)
    kept = explicit_wave(first) is not None
    wave, follows = (before.wave + 1, "") if kept else (before.wave, "; keywave then puts the secret object below it")
    return second.finding(
        "KW4004",
        f"{second.subject} is a {name} hook and needs the Secret that {first.subject} makes, which Argo CD applies in a later "
        "phase: the hook waits for ever",
        "metadata",
        "annotations",
        HOOK if HOOK in second.annotations else HELM_HOOK,
        hint=f'make it a Sync hook ({HOOK}: Sync, {WAVE}: "{wave}"){follows}; '
        f"or make {first.subject} and what it needs {name} hooks in earlier waves",
    )


def _late(first: Manifest, second: Manifest, before: When, after: When, why: str) -> Finding:
    same = before.phase == after.phase
    return first.finding(
        "KW4005",
        f"{first.subject} ({before}) comes later than {second.subject} ({after}), which cannot become healthy without it ({why}): "
        "the earlier wave never ends",
        *_wave_keys(first),
        hint="take the wave off, then keywave sets the right one; or lower it"
        if same
        else f"apply both in one phase: take the hook off {second.subject}, or make {first.subject} a hook of the same phase",
    )


def _namespaces(plan: Plan, when: dict[int, When]) -> Iterator[Finding]:
    """One finding a Namespace, however much is in it: its earliest object is the one that counts."""
    earliest: dict[int, tuple[When, str, int]] = {}
    for edge in plan.edges:
        if plan.nodes[edge.before].kind == "Namespace" and plan.stages[edge.after] != APPS and edge.after in when:
            inside = (when[edge.after], plan.nodes[edge.after].manifest.subject, edge.after)
            earliest[edge.before] = min(inside, earliest.get(edge.before, inside))
    for space, (first, _, position) in earliest.items():
        if space in when and when[space] > first:
            yield _dragged(plan.nodes[space].manifest, plan.nodes[position].manifest, when[space], first)


def _dragged(first: Manifest, second: Manifest, before: When, after: When) -> Finding:
    return first.warning(
        "KW4007",
        f"{first.subject} ({before}) comes later than {second.subject} ({after}), which is in it; Argo CD pulls it forward",
        *_wave_keys(first),
        hint=f'take the wave off, or set {WAVE}: "{after.wave}"',
    )


def _operator(plan: Plan, when: dict[int, When]) -> Iterator[Finding]:
    """What the operator itself needs must not come after the first secret object that it is to reconcile."""
    if not plan.operator:
        return
    secrets = [(when[p], p) for p, node in enumerate(plan.nodes) if node.part is Part.SECRET and p in when]
    if not secrets:
        return
    first, position = min(secrets)
    for need in sorted(plan.operator):
        if need in when and when[need] > first:
            secret = plan.nodes[position].manifest
            yield _late(plan.nodes[need].manifest, secret, when[need], first, "the operator needs it")


def _wave_keys(manifest: Manifest) -> Sequence[str]:
    return ("metadata", "annotations", WAVE) if WAVE in manifest.annotations else ("metadata",)
