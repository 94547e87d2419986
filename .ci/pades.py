"""Validates the signature of a PDF with pyHanko: pades.py FILE ROOT.pem.

Prints the outcome, and ends with 1 where the signature does not hold, does not
cover the whole file, is no PAdES signature, or does not lead to the root.
"""
import sys

from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

path, root = sys.argv[1:]
with open(path, "rb") as f:
    reader = PdfFileReader(f)
    (signature,) = reader.embedded_signatures
    context = ValidationContext(trust_roots=[load_cert_from_pemder(root)], allow_fetching=False)
    status = validate_pdf_signature(signature, context, ts_validation_context=context)
    attributes = {a["type"].native for a in signature.signer_info["signed_attrs"]}
    print(status.pretty_print_details())
    whole = status.coverage.name == "ENTIRE_FILE"
    # ETSI EN 319 142-1, 6.3: the certificate is named, the time is not.
    pades = signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached" and "signing_certificate_v2" in attributes and "signing_time" not in attributes
    stamped = status.timestamp_validity is not None and status.timestamp_validity.intact and status.timestamp_validity.valid
    print("whole:", whole, "pades:", pades, "stamped:", stamped)
    sys.exit(0 if status.bottom_line and whole and pades else 1)
