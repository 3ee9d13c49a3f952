"""How each weakness is used against a program: a sentence for those who are no specialists of security."""

from typing import Final

from berth.review.verdicts import looked_at_as

_SENTENCES: Final = {
    16: "A setting that is wider than it needs to be lets others in, or gives them more than was meant.",
    20: "A caller sends a value of a form or size that was not expected, and the program continues with it.",
    22: "A caller sends a name such as ../../etc/passwd, and the program reads, writes or deletes that file instead.",
    78: "A caller sends a text such as `; rm -r .`: the shell takes the rest for a command of its own, and runs it"
    " with the rights of this program.",
    79: "An attacker makes a link, or stores a text, with a script in it; a browser that opens the page runs it, with"
    " all that its user may see and do there.",
    89: "A caller sends a value with a quote in it: what follows the quote is run as SQL, which can read, change"
    " or delete every row that this program may.",
    90: "A caller sends a text with * or brackets, and finds other people's entries or signs in as one of them.",
    94: "A caller sends Python instead of a value, and the program runs it with all of its rights.",
    113: "A caller sends a line end: what follows becomes a header of its own, such as a cookie, or a whole second"
    " answer.",
    117: "A caller sends a line end: what follows looks like a line of the log that the program wrote itself.",
    200: "Who may see the answer reads a value that only its owner should see.",
    208: "By measuring how long answers take, a caller finds a secret one character after the other.",
    209: "A caller provokes errors, and learns from their texts of files, statements and versions, for the next"
    " attack.",
    223: "Who does harm leaves no trace of it, because what would show it is not recorded.",
    250: "Who finds any other fault in this program, or gets hold of it, has these rights as well.",
    256: "Who reads the database, or a copy of it, has every password at once, for other services too.",
    269: "Who gets hold of this role or token may do more with it than its work needs.",
    276: "Others on this machine or in this database may read or change what is made from now on.",
    295: "Who is on the way between the two machines shows a certificate of their own, and reads and changes"
    " everything.",
    311: "Who reads the network, the disk or a copy of it reads the data.",
    319: "Who is on the way, as in a public network, reads what is sent, passwords included, and can change it.",
    326: "The key is short enough to be computed, and then everything that it protects is open.",
    327: "What was encrypted or signed with it can be read or forged by known methods.",
    328: "Two contents with the same hash can be made, so that one passes for the other.",
    330: "From a few numbers that are known, the generator's next ones are computed, and so the next secret.",
    347: "A caller writes a token of their own, for any user and any right, and it is accepted.",
    352: "A page elsewhere sends this request from the browser of a person who is signed in, and it is carried out"
    " for them.",
    354: "Records were changed or removed, or could be, and nothing would show it.",
    362: "Two requests at the same moment read the same amount, both decide that there is enough, and both take it.",
    367: "Between the look at the file and its use an attacker puts another one, or a link, in its place.",
    377: "An attacker on the machine knows the name before, puts a link there, and has this program write elsewhere.",
    409: "A caller sends a few kilobytes that unpack to gigabytes, and memory or disk is full.",
    434: "A caller uploads a program or page under a name of their choice, and then opens it: the server runs or"
    " serves it.",
    476: "A caller leaves something out, and the program fails where it expects a value.",
    489: "A caller provokes an error and gets the debugger, which shows settings and runs code.",
    501: "Later code takes what a caller sent for something that the server itself decided.",
    502: "A caller sends an object whose reading calls functions of their choice: they run code in this program.",
    532: "Who reads the log, or the system that gathers logs, has the secret.",
    601: "An attacker sends a link to this server which leads to a page that looks the same and asks for the password.",
    611: "A caller sends XML that names a file or an address, and the parser puts its content into what it returns.",
    614: "The cookie is also sent without encryption, and who is on the way can take the session over.",
    639: "A caller who is signed in asks for the number of another person's record, and gets or changes it.",
    643: "A caller sends a text with a quote in it, and reads other parts of the document or passes its check.",
    674: "A caller sends deeply nested data, and the program ends with an error or uses up its stack.",
    732: "Other users of the machine or of the database read it, or change it.",
    770: "A caller sends or asks for much, or a server never answers, and memory, threads or time are used up for all.",
    778: "Attempts to get in are not recorded, so they are not noticed.",
    787: "A caller sends data that overwrites memory, and may run code of their own.",
    798: "Who reads the source, a copy of it or its history has the secret, and it is the same everywhere it is"
    " installed.",
    862: "All who can reach the address call it, and it serves them.",
    916: "Who gets a copy of the hashes tries billions of passwords a second, and soon knows most of them.",
    918: "A caller names an address inside your network, such as that of a cloud's credentials, and the server"
    " fetches it.",
    943: 'A caller sends an operator such as {"$ne": null} in place of a value, and the query finds what it should'
    " not.",
    1004: "A script in a page reads the cookie and sends it elsewhere; who has it is signed in.",
    1104: "A fault that is found from now on stays in this version.",
    1275: "The browser sends the cookie along with requests that other sites make, which are then carried out for"
    " its owner.",
    1284: "A caller sends a negative or huge number: a balance grows instead of shrinking, or memory is used up.",
    1333: "A caller sends a text of some dozen characters for which the pattern takes minutes, and a thread is busy"
    " for that time.",
    1336: "A caller sends {{ ... }}: the template engine runs what is between, which can reach files, settings and"
    " commands.",
    1395: "What is known of a fault is public, often with a program that uses it: attacks on it need no skill.",
}

_LIKE: Final = {937: 1395, **dict.fromkeys((416, 125, 120, 121, 122), 787)}
"""Weaknesses that are used as another one is."""


def attack(cwe: int) -> str:
    """Return how a weakness is used, or an empty text for one that no rule speaks of."""
    for each in (cwe, _LIKE.get(cwe, cwe), looked_at_as(cwe)):
        if each in _SENTENCES:
            return _SENTENCES[each]
    return ""
