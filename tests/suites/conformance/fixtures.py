"""The suite's fixtures, as data.

A file of the suite names one fixture.  Upstream it writes to Placement's database; here it is a `Fixture`, a value with
the providers, inventories, traits, aggregates and claims, and the environment variable in which a test finds the uuid
of each.  `fixture_data` makes them over REST.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

SHARES = "MISC_SHARES_VIA_AGGREGATE"

Inventory = int | Mapping[str, float]
"""The total alone, or the fields that are not their defaults.  ``max_unit`` is the total unless given."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A resource provider.

    ``name`` may be ``$VARIABLE``.  ``env`` is the variable its uuid is published in (or taken from, if the fixture has
    drawn one for it).  ``aggregates`` are names of `Fixture.aggregates`.
    """

    name: str
    env: str = ""
    parent: str = ""
    aggregates: tuple[str, ...] = ()
    inventories: Mapping[str, Inventory] = field(default_factory=dict)
    traits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """What a new consumer holds of one provider.  ``project`` and ``user`` may be ``$VARIABLE``."""

    provider: str
    resources: Mapping[str, int]
    project: str
    user: str
    env: str = ""


@dataclass(frozen=True, slots=True)
class Fixture:
    """The state before a file's first test, and the profile of its server."""

    profile: str = "default"
    drawn: tuple[str, ...] = ()
    """Variables that hold a fresh uuid each, besides those of every file."""
    aggregates: Mapping[str, str] = field(default_factory=dict)
    """Aggregates by name, with the variable of each."""
    providers: tuple[Provider, ...] = ()
    """Parents before their children."""
    claims: tuple[Claim, ...] = ()


ALLOCATION = Fixture(
    drawn=("ALT_USER_ID", "ALT_RP_UUID", "ALT_RP_NAME"),
    providers=(
        Provider(
            "$RP_NAME",
            "RP_UUID",
            inventories={"DISK_GB": {"total": 2048, "step_size": 10, "min_unit": 10, "max_unit": 1000}, "VCPU": 10},
        ),
    ),
    claims=(
        Claim("$RP_NAME", {"DISK_GB": 1000}, "$PROJECT_ID", "$USER_ID", "CONSUMER_0"),
        Claim("$RP_NAME", {"VCPU": 6}, "$PROJECT_ID", "$USER_ID", "CONSUMER_ID"),
        Claim("$RP_NAME", {"DISK_GB": 20, "VCPU": 1}, "$PROJECT_ID", "$ALT_USER_ID", "ALT_CONSUMER_ID"),
    ),
)

_CPU = {"total": 24, "allocation_ratio": 16.0}
_DISK = {"total": 2000, "reserved": 100}
_COMPUTE = {"VCPU": _CPU, "MEMORY_MB": {"total": 131072, "allocation_ratio": 1.5}}

SHARED_STORAGE = Fixture(
    aggregates={"all": "AGG_UUID"},
    providers=(
        Provider("cn1", "CN1_UUID", "", ("all",), _COMPUTE, ("HW_CPU_X86_SSE", "HW_CPU_X86_SSE2")),
        Provider("cn2", "CN2_UUID", "", ("all",), {**_COMPUTE, "DISK_GB": _DISK}),
        Provider("ss", "SS_UUID", "", ("all",), {"DISK_GB": _DISK}, (SHARES,)),
        Provider("ss2", "SS2_UUID", "", ("all",), {"DISK_GB": _DISK}, (SHARES,)),
        *(Provider(f"numa{i}_{j}", f"NUMA{i}_{j}_UUID", f"cn{i}") for i in (1, 2) for j in (1, 2)),
        *(
            Provider(f"pf{i}_{j}", f"PF{i}_{j}_UUID", f"numa{i}_{j}", inventories={"SRIOV_NET_VF": 8})
            for i in (1, 2)
            for j in (1, 2)
        ),
    ),
)

NUMA_AGGREGATE = Fixture(
    aggregates={"a": "AGGA_UUID", "b": "AGGB_UUID", "c": "AGGC_UUID"},
    providers=(
        Provider("cn1", "CN1_UUID", "", ("a",)),
        Provider("cn2", "CN2_UUID", "", ("a", "b")),
        Provider("ss1", "SS1_UUID", "", ("a",), {"DISK_GB": _DISK}, (SHARES,)),
        Provider("ss2", "SS2_UUID", "", ("c",), {"DISK_GB": _DISK}, (SHARES,)),
        Provider("numa1_1", "NUMA1_1_UUID", "cn1", ("c",), {"VCPU": _CPU}),
        Provider("numa1_2", "NUMA1_2_UUID", "cn1", (), {"VCPU": _CPU}),
        Provider("numa2_1", "NUMA2_1_UUID", "cn2", (), {"VCPU": _CPU}),
        Provider("numa2_2", "NUMA2_2_UUID", "cn2", (), {"VCPU": _CPU}),
    ),
)

_EGRESS = "NET_BW_EGR_KILOBIT_PER_SEC"
_MEMORY_BY_256 = {"total": 2048, "min_unit": 512, "step_size": 256}
_MEMORY_UP_TO_1024 = {"total": 2048, "min_unit": 256, "max_unit": 1024}
_MEMORY_BY_128 = {"total": 2048, "min_unit": 1024, "step_size": 128}

_ACCELERATED_HOST = (
    Provider("cn1", "CN1_UUID", "", ("a",), {}, ("COMPUTE_VOLUME_MULTI_ATTACH",)),
    Provider("numa0", "NUMA0_UUID", "cn1", (), {"VCPU": 4, "MEMORY_MB": _MEMORY_BY_256}, ("HW_NUMA_ROOT",)),
    Provider(
        "numa1", "NUMA1_UUID", "cn1", (), {"VCPU": 4, "MEMORY_MB": _MEMORY_UP_TO_1024}, ("HW_NUMA_ROOT", "CUSTOM_FOO")
    ),
    Provider("fpga0", "FPGA0_UUID", "numa0", (), {"FPGA": 1}),
    Provider("pgpu0", "PGPU0_UUID", "numa0", (), {"VGPU": 8}),
    Provider("fpga1_0", "FPGA1_0_UUID", "numa1", (), {"FPGA": 1}),
    Provider("fpga1_1", "FPGA1_1_UUID", "numa1", (), {"FPGA": 1}),
    Provider("sriov_agent", "SRIOV_AGENT_UUID", "cn1", traits=("CUSTOM_VNIC_TYPE_DIRECT",)),
    Provider("esn1", "ESN1_UUID", "sriov_agent", (), {_EGRESS: 10000}, ("CUSTOM_PHYSNET1",)),
    Provider("esn2", "ESN2_UUID", "sriov_agent", (), {_EGRESS: 20000}, ("CUSTOM_PHYSNET2",)),
    Provider("ovs_agent", "OVS_AGENT_UUID", "cn1", traits=("CUSTOM_VNIC_TYPE_NORMAL",)),
    Provider("br_int", "BR_INT_UUID", "ovs_agent", (), {_EGRESS: 1000}, ("CUSTOM_PHYSNET0",)),
)

_FUNCTIONS = {  # of a network card: how many virtual functions each physical one has, and on which network
    "nic1": ((4, 1), (4, 2)),
    "nic2": ((2, 1), (2, 2), (2, 1), (2, 2)),
    "nic3": ((8, 1),),
}

_NETWORK_HOST = (
    Provider("cn2", "CN2_UUID", "", ("a",), {"VCPU": 8, "MEMORY_MB": _MEMORY_BY_128, "DISK_GB": 1000}, ("CUSTOM_FOO",)),
    *(Provider(nic, f"{nic.upper()}_UUID", "cn2", traits=("CUSTOM_HW_NIC_ROOT",)) for nic in _FUNCTIONS),
    *(
        Provider(
            f"pf{nic[-1]}_{number}",
            f"PF{nic[-1]}_{number}_UUID",
            nic,
            (),
            {"CUSTOM_VF": virtual},
            (f"CUSTOM_PHYSNET{network}",),
        )
        for nic, functions in _FUNCTIONS.items()
        for number, (virtual, network) in enumerate(functions, 1)
    ),
)

NUMA_NETWORK = Fixture(
    aggregates={"a": "AGGA_UUID"},
    providers=(
        Provider("ss1", "SS1_UUID", "", ("a",), {"DISK_GB": 2000}, (SHARES,)),
        *_ACCELERATED_HOST,
        *_NETWORK_HOST,
    ),
    claims=(
        Claim("numa0", {"VCPU": 2}, "numa-project", "numa-user"),
        Claim("cn2", {"VCPU": 3}, "numa-project", "numa-user"),
    ),
)


def _below(providers: tuple[Provider, ...], parents: Mapping[str, str]) -> tuple[Provider, ...]:
    """Return the same providers, some of them with a parent."""
    return tuple(replace(one, parent=parents.get(one.name, one.parent)) for one in providers)


DEEP_NUMA_NETWORK = replace(
    NUMA_NETWORK,
    providers=(
        Provider("gp1"),
        Provider("p1", parent="gp1"),
        Provider("p2", parent="gp1"),
        *_below(NUMA_NETWORK.providers, {"cn1": "p1", "cn2": "p2"}),
    ),
)

NON_SHARED_STORAGE = Fixture(
    drawn=("AGGA_UUID", "AGGB_UUID", "AGGC_UUID"),
    providers=tuple(
        Provider(f"cn{i}", f"CN{i}_UUID", inventories={"VCPU": 24, "MEMORY_MB": 131072, "DISK_GB": 2000})
        for i in (1, 2, 3)
    ),
)

_SMALL = {"VCPU": 8, "MEMORY_MB": 4096}
_NETWORK = {"SRIOV_NET_VF": 8, "CUSTOM_NET_MBPS": 4000}
_AVX = ("HW_CPU_X86_AVX", "HW_CPU_X86_AVX2")

GRANULAR = Fixture(
    aggregates={"a": "AGGA", "b": "AGGB", "c": "AGGC"},
    providers=(
        Provider(
            "cn_left",
            "CN_LEFT",
            "",
            ("a",),
            {**_SMALL, "DISK_GB": 500, "VGPU": 8, **_NETWORK},
            (*_AVX, "HW_GPU_API_DXVA", "HW_NIC_DCB_PFC", "CUSTOM_FOO"),
        ),
        Provider(
            "cn_middle",
            "CN_MIDDLE",
            "",
            ("a", "b"),
            {**_SMALL, **_NETWORK},
            (*_AVX, "HW_CPU_X86_SSE", "HW_NIC_ACCEL_TLS"),
        ),
        Provider(
            "cn_right",
            "CN_RIGHT",
            "",
            ("b", "c"),
            {**_SMALL, "DISK_GB": 500, "VGPU": {"total": 8, "max_unit": 2}},
            ("HW_CPU_X86_MMX", "HW_GPU_API_DXVA", "CUSTOM_DISK_SSD"),
        ),
        Provider("shr_disk_1", "SHR_DISK_1", "", ("a",), {"DISK_GB": 1000}, (SHARES, "CUSTOM_DISK_SSD")),
        Provider("shr_disk_2", "SHR_DISK_2", "", ("a", "b"), {"DISK_GB": 1000}, (SHARES,)),
        Provider("shr_net", "SHR_NET", "", ("c",), {"SRIOV_NET_VF": 16, "CUSTOM_NET_MBPS": 40000}, (SHARES,)),
    ),
)

_NORMAL = ("CUSTOM_VNIC_TYPE_NORMAL",)
_DIRECT = ("CUSTOM_VNIC_TYPE_DIRECT", "CUSTOM_VNIC_TYPE_DIRECT_PHYSICAL", "CUSTOM_VNIC_TYPE_MACVTAP")


def _bandwidth(kilobit_per_s: int) -> dict[str, int]:
    return {_EGRESS: kilobit_per_s, "NET_BW_IGR_KILOBIT_PER_SEC": kilobit_per_s}


def _qos_host(host: str, networks: tuple[str, ...], switched: int, direct: int) -> tuple[Provider, ...]:
    """Return a host as Neutron's QoS makes it, with bridges and ports to ``networks``; bandwidths in kilobit/s."""
    switch, card = f"{host}:Open vSwitch agent", f"{host}:NIC Switch agent"
    return (
        Provider(host, host, inventories={"VCPU": 8, "MEMORY_MB": 4096, "DISK_GB": 500}),
        Provider(switch, f"{host}:ovs_agent", host, (), {"NET_PACKET_RATE_KILOPACKET_PER_SEC": 1000}, _NORMAL),
        *(
            Provider(f"{switch}:br-ex{n}", f"{host}:br_ex{n}", switch, (), _bandwidth(switched), (*_NORMAL, net))
            for n, net in zip(("", "2"), networks, strict=False)
        ),
        Provider(card, f"{host}:sriov_agent", host, traits=_DIRECT),
        *(
            Provider(f"{card}:enp129s0f{n}", f"{host}:pf{n}", card, (), _bandwidth(direct), (*_DIRECT, net))
            for n, net in enumerate(networks)
        ),
    )


NEUTRON_QOS = Fixture(
    providers=(
        *_qos_host("compute0", ("CUSTOM_PHYSNET_OTHER",), 5000, 10000),
        *_qos_host("compute1", ("CUSTOM_PHYSNET_MSN_S1",), 5000, 10000),
        *_qos_host("compute2", ("CUSTOM_PHYSNET_MSN_S2",), 5000, 10000),
        *_qos_host("compute3", ("CUSTOM_PHYSNET_MSN_S1", "CUSTOM_PHYSNET_MSN_S2"), 1000, 1000),
    ),
)

FIXTURES: Mapping[str, Fixture] = {
    "APIFixture": Fixture(),
    "CORSFixture": Fixture(profile="cors"),
    "OpenPolicyFixture": Fixture(profile="open-policy"),
    "LegacyRBACPolicyFixture": Fixture(profile="legacy-rbac"),
    "SecureRBACPolicyFixture": Fixture(profile="secure-rbac"),
    "AllocationFixture": ALLOCATION,
    "SharedStorageFixture": SHARED_STORAGE,
    "NUMAAggregateFixture": NUMA_AGGREGATE,
    "NUMANetworkFixture": NUMA_NETWORK,
    "DeepNUMANetworkFixture": DEEP_NUMA_NETWORK,
    "NonSharedStorageFixture": NON_SHARED_STORAGE,
    "GranularFixture": GRANULAR,
    "NeutronQoSMultiSegmentFixture": NEUTRON_QOS,
}
