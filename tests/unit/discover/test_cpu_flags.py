"""The table of processor features against the catalogue of traits, and against real processors."""

from __future__ import annotations

import pytest

from berth.discover.cpu_flags import AMD_FLAGS, ARM_PREFIX, INTEL_FLAGS, POWER_MODELS, X86_FLAGS, cpu_traits
from berth.discover.machine import Cpus
from berth.model.names import STANDARD_TRAITS

TABLES = {"x86": X86_FLAGS, "Intel": INTEL_FLAGS, "AMD": AMD_FLAGS}

# Standard traits that no flag of /proc/cpuinfo tells, and why.
UNTOLD = {
    "HW_CPU_AMD_SEV": "deprecated for HW_CPU_X86_AMD_SEV, and never used",
    "HW_CPU_X86_AMD_NO_SSB": "the kernel does not show the bit",
    "HW_CPU_X86_ASF": "no processor has it",
    "HW_CPU_HYPERTHREADING": "a matter of topology",
}


@pytest.mark.parametrize("table", TABLES)
def test_every_trait_of_the_table_is_standard(table: str) -> None:
    names = {trait for traits in TABLES[table].values() for trait in traits} | set(POWER_MODELS.values())
    assert names - set(STANDARD_TRAITS) == set()


def test_every_standard_cpu_trait_can_be_found_or_is_known_not_to_be() -> None:
    told = {trait for table in TABLES.values() for traits in table.values() for trait in traits}
    told |= set(POWER_MODELS.values()) | set(UNTOLD)
    standard = {name for name in STANDARD_TRAITS if name.startswith("HW_CPU_") and not name.startswith(ARM_PREFIX)}
    assert told == standard


# Each: architecture, vendor, model, features, threads, cores, the traits.
PROCESSORS = [
    ("x86_64", "GenuineIntel", "", "pni vmx ssbd", 2, 2,
     "HW_ARCH_X86_64 HW_CPU_X86_SSE3 HW_CPU_X86_VMX HW_CPU_X86_INTEL_VMX HW_CPU_X86_INTEL_SSBD"),
    ("x86_64", "AuthenticAMD", "", "svm ssbd ibrs pcid", 4, 2,
     "HW_ARCH_X86_64 HW_CPU_HYPERTHREADING HW_CPU_X86_SVM HW_CPU_X86_AMD_SVM HW_CPU_X86_AMD_SSBD"),
    ("x86_64", "CentaurHauls", "", "ssbd vmx svm aes", 1, 0, "HW_ARCH_X86_64 HW_CPU_X86_AESNI"),
    ("aarch64", "", "", "fp asimd sve bf16 svm", 1, 1,
     "HW_ARCH_AARCH64 HW_CPU_AARCH64_FP HW_CPU_AARCH64_ASIMD HW_CPU_AARCH64_SVE"),
    ("ppc64le", "", "POWER9 (raw), altivec supported", "", 8, 2,
     "HW_ARCH_PPC64LE HW_CPU_HYPERTHREADING HW_CPU_PPC64LE_POWER9"),
    ("riscv64", "", "", "", 1, 1, ""),
    ("", "", "", "", 0, 0, ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("architecture", "vendor", "model", "features", "threads", "cores", "traits"),
    PROCESSORS,
)
def test_traits(
    architecture: str, vendor: str, model: str, features: str, threads: int, cores: int, traits: str
) -> None:
    cpus = Cpus(frozenset(range(threads)), cores, 1, model, architecture, vendor, frozenset(features.split()))
    assert cpu_traits(cpus) == frozenset(traits.split())
