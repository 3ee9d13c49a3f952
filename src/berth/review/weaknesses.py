"""The weaknesses (CWE) that a review speaks of: their names as MITRE publishes them, and their order."""

from typing import Final

TOP_25: Final = (
    *(79, 89, 352, 862, 787, 22, 416, 125, 78, 94, 120, 434, 476),
    *(121, 502, 122, 863, 20, 284, 200, 306, 918, 77, 639, 770),
)
"""MITRE's 25 most dangerous weaknesses of 2025, the worst first."""

NAMES: Final = {
    16: "Configuration",
    20: "Improper Input Validation",
    22: "Path Traversal",
    23: "Relative Path Traversal",
    36: "Absolute Path Traversal",
    73: "External Control of File Name or Path",
    77: "Command Injection",
    78: "OS Command Injection",
    79: "Cross-site Scripting",
    88: "Argument Injection",
    89: "SQL Injection",
    90: "LDAP Injection",
    93: "CRLF Injection",
    94: "Code Injection",
    95: "Eval Injection",
    96: "Static Code Injection",
    113: "HTTP Response Splitting",
    117: "Improper Output Neutralization for Logs",
    120: "Classic Buffer Overflow",
    121: "Stack-based Buffer Overflow",
    122: "Heap-based Buffer Overflow",
    125: "Out-of-bounds Read",
    129: "Improper Validation of Array Index",
    190: "Integer Overflow or Wraparound",
    200: "Exposure of Sensitive Information",
    208: "Observable Timing Discrepancy",
    209: "Error Message Containing Sensitive Information",
    215: "Sensitive Information in Debugging Code",
    223: "Omission of Security-relevant Information",
    250: "Execution with Unnecessary Privileges",
    256: "Plaintext Storage of a Password",
    259: "Use of Hard-coded Password",
    269: "Improper Privilege Management",
    276: "Incorrect Default Permissions",
    284: "Improper Access Control",
    295: "Improper Certificate Validation",
    297: "Certificate with Host Mismatch",
    306: "Missing Authentication for Critical Function",
    311: "Missing Encryption of Sensitive Data",
    312: "Cleartext Storage of Sensitive Information",
    319: "Cleartext Transmission of Sensitive Information",
    321: "Use of Hard-coded Cryptographic Key",
    326: "Inadequate Encryption Strength",
    327: "Broken or Risky Cryptographic Algorithm",
    328: "Use of Weak Hash",
    330: "Use of Insufficiently Random Values",
    338: "Cryptographically Weak Pseudo-Random Number Generator",
    347: "Improper Verification of Cryptographic Signature",
    352: "Cross-Site Request Forgery",
    354: "Improper Validation of Integrity Check Value",
    362: "Race Condition",
    367: "Time-of-check Time-of-use Race Condition",
    377: "Insecure Temporary File",
    400: "Uncontrolled Resource Consumption",
    409: "Data Amplification by Compressed Data",
    416: "Use After Free",
    434: "Unrestricted Upload of File with Dangerous Type",
    476: "NULL Pointer Dereference",
    489: "Active Debug Code",
    501: "Trust Boundary Violation",
    502: "Deserialization of Untrusted Data",
    532: "Sensitive Information in Log File",
    564: "SQL Injection: Hibernate",
    601: "Open Redirect",
    611: "XML External Entity Reference",
    614: "Sensitive Cookie Without Secure Attribute",
    639: "Authorization Bypass Through User-Controlled Key",
    643: "XPath Injection",
    674: "Uncontrolled Recursion",
    732: "Incorrect Permission Assignment for Critical Resource",
    770: "Allocation of Resources Without Limits",
    776: "XML Entity Expansion",
    778: "Insufficient Logging",
    787: "Out-of-bounds Write",
    798: "Use of Hard-coded Credentials",
    862: "Missing Authorization",
    863: "Incorrect Authorization",
    916: "Password Hash With Insufficient Computational Effort",
    918: "Server-Side Request Forgery",
    937: "Components with Known Vulnerabilities",
    943: "NoSQL and Query Logic Injection",
    1004: "Sensitive Cookie Without HttpOnly",
    1104: "Use of Unmaintained Third-Party Components",
    1275: "Sensitive Cookie with Improper SameSite Attribute",
    1284: "Improper Validation of Specified Quantity in Input",
    1333: "Inefficient Regular Expression Complexity",
    1336: "Template Engine Injection",
    1395: "Dependency on Vulnerable Third-Party Component",
}
"""What each weakness is called."""


def weakness_name(cwe: int) -> str:
    """Return the name of a weakness, or an empty text for one that no rule speaks of."""
    return NAMES.get(cwe, "")


def rank(cwe: int) -> tuple[int, int]:
    """Return a key that puts the Top 25 first, in their order, then the others by number."""
    return (TOP_25.index(cwe), cwe) if cwe in TOP_25 else (len(TOP_25), cwe)


def link(cwe: int) -> str:
    """Return the address of a weakness' page at MITRE."""
    return f"https://cwe.mitre.org/data/definitions/{cwe}.html"
