"""CPU flags: the traits for a processor's features.

Linux and the catalogue of traits name features differently. A feature without a standard trait is left
out: discovery creates no custom traits for processors.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from berth.discover.machine import Cpus
from berth.model.names import STANDARD_TRAITS

INTEL: Final = "GenuineIntel"
AMD: Final = ("AuthenticAMD", "HygonGenuine")

X86_FLAGS: Final[dict[str, tuple[str, ...]]] = {
    "3dnow": ("HW_CPU_X86_3DNOW",),
    "abm": ("HW_CPU_X86_ABM",),
    "aes": ("HW_CPU_X86_AESNI",),
    "amx_bf16": ("HW_CPU_X86_AMXBF16",),
    "amx_int8": ("HW_CPU_X86_AMXINT8",),
    "amx_tile": ("HW_CPU_X86_AMXTILE",),
    "avx": ("HW_CPU_X86_AVX",),
    "avx2": ("HW_CPU_X86_AVX2",),
    "avx512_bitalg": ("HW_CPU_X86_AVX512BITALG",),
    "avx512_vbmi2": ("HW_CPU_X86_AVX512VBMI2",),
    "avx512_vnni": ("HW_CPU_X86_AVX512VNNI",),
    "avx512_vpopcntdq": ("HW_CPU_X86_AVX512VPOPCNTDQ",),
    "avx512bw": ("HW_CPU_X86_AVX512BW",),
    "avx512cd": ("HW_CPU_X86_AVX512CD",),
    "avx512dq": ("HW_CPU_X86_AVX512DQ",),
    "avx512er": ("HW_CPU_X86_AVX512ER",),
    "avx512f": ("HW_CPU_X86_AVX512F",),
    "avx512ifma": ("HW_CPU_X86_AVX512IFMA",),
    "avx512pf": ("HW_CPU_X86_AVX512PF",),
    "avx512vbmi": ("HW_CPU_X86_AVX512VBMI",),
    "avx512vl": ("HW_CPU_X86_AVX512VL",),
    "bmi1": ("HW_CPU_X86_BMI",),
    "bmi2": ("HW_CPU_X86_BMI2",),
    "f16c": ("HW_CPU_X86_F16C",),
    "fma": ("HW_CPU_X86_FMA3",),
    "fma4": ("HW_CPU_X86_FMA4",),
    "gfni": ("HW_CPU_X86_AVX512GFNI",),
    "hle": ("HW_CPU_X86_TSX",),
    "mmx": ("HW_CPU_X86_MMX",),
    "mpx": ("HW_CPU_X86_MPX",),
    "pclmulqdq": ("HW_CPU_X86_CLMUL",),
    "pdpe1gb": ("HW_CPU_X86_PDPE1GB",),
    "pni": ("HW_CPU_X86_SSE3",),
    "rtm": ("HW_CPU_X86_TSX",),
    "sgx": ("HW_CPU_X86_SGX",),
    "sha_ni": ("HW_CPU_X86_SHA",),
    "sse": ("HW_CPU_X86_SSE",),
    "sse2": ("HW_CPU_X86_SSE2",),
    "sse4_1": ("HW_CPU_X86_SSE41",),
    "sse4_2": ("HW_CPU_X86_SSE42",),
    "sse4a": ("HW_CPU_X86_SSE4A",),
    "ssse3": ("HW_CPU_X86_SSSE3",),
    "stibp": ("HW_CPU_X86_STIBP",),
    "tbm": ("HW_CPU_X86_TBM",),
    "vaes": ("HW_CPU_X86_AVX512VAES",),
    "vpclmulqdq": ("HW_CPU_X86_AVX512VPCLMULQDQ",),
    "xop": ("HW_CPU_X86_XOP",),
}
"""Traits for the flags of any x86 processor."""

INTEL_FLAGS: Final[dict[str, tuple[str, ...]]] = {
    # The kernel hides the SPEC_CTRL bit itself and shows the two things that it makes possible.
    "ibrs": ("HW_CPU_X86_INTEL_SPEC_CTRL",),
    "md_clear": ("HW_CPU_X86_INTEL_MD_CLEAR",),
    "pcid": ("HW_CPU_X86_INTEL_PCID",),
    "ssbd": ("HW_CPU_X86_INTEL_SSBD",),
    "tdx_host_platform": ("HW_CPU_X86_INTEL_TDX",),
    "vmx": ("HW_CPU_X86_VMX", "HW_CPU_X86_INTEL_VMX"),
}
"""Traits for flags of Intel's processors only."""

AMD_FLAGS: Final[dict[str, tuple[str, ...]]] = {
    "ibpb": ("HW_CPU_X86_AMD_IBPB",),
    "sev": ("HW_CPU_X86_AMD_SEV",),
    "sev_es": ("HW_CPU_X86_AMD_SEV_ES",),
    "sev_snp": ("HW_CPU_X86_AMD_SEV_SNP",),
    "ssbd": ("HW_CPU_X86_AMD_SSBD",),
    "svm": ("HW_CPU_X86_SVM", "HW_CPU_X86_AMD_SVM"),
    "virt_ssbd": ("HW_CPU_X86_AMD_VIRT_SSBD",),
}
"""Traits for flags of AMD's processors (and Hygon's, which derive from them) only."""

ARM_PREFIX: Final = "HW_CPU_AARCH64_"
"""The catalogue has the 64-bit ARM features under the kernel's own names, in capitals."""

POWER_MODELS: Final = {"POWER8": "HW_CPU_PPC64LE_POWER8", "POWER9": "HW_CPU_PPC64LE_POWER9"}

_STANDARD: Final = frozenset(STANDARD_TRAITS)


def cpu_traits(cpus: Cpus) -> frozenset[str]:
    """Return the standard traits of processors: architecture, features, hyper-threading."""
    traits = {f"HW_ARCH_{cpus.architecture.upper()}", *feature_traits(cpus)}
    if 0 < cpus.cores < len(cpus.online):
        traits.add("HW_CPU_HYPERTHREADING")
    return frozenset(traits & _STANDARD)


def feature_traits(cpus: Cpus) -> set[str]:
    """Return the traits for the features, by architecture and vendor."""
    if cpus.architecture == "aarch64":
        return {ARM_PREFIX + feature.upper() for feature in cpus.features}
    if cpus.architecture == "ppc64le":
        return {trait for model, trait in POWER_MODELS.items() if cpus.model.startswith(model)}
    tables = [X86_FLAGS]
    if cpus.vendor == INTEL:
        tables.append(INTEL_FLAGS)
    elif cpus.vendor in AMD:
        tables.append(AMD_FLAGS)
    return set(matching_traits(cpus.features, tables))


def matching_traits(features: Iterable[str], tables: list[dict[str, tuple[str, ...]]]) -> list[str]:
    """Return every trait that any of the tables has for any of the features."""
    return [trait for feature in features for table in tables for trait in table.get(feature, ())]
