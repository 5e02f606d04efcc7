"""Lines as receipts, invoices, forms and tables have them, without a picture: what a language model must know beside
running text, in which sums of money, dates and telephone numbers hardly occur."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ocr.data.synthetic.layouts.form import LABELS, LABELS_KOREAN
from ocr.data.synthetic.layouts.receipt import HEADS, HEADS_KOREAN, THANKS, THANKS_KOREAN, TOTALS, TOTALS_KOREAN
from ocr.data.synthetic.text import TextSampler, random_code, random_number

TERMS = (
    "Tel", "Tel No", "Phone", "Fax", "Invoice No", "Invoice Date", "Bill No", "Receipt No", "Document No", "Order No",
    "P.O. No", "Ref. No", "Cashier", "Table", "Customer", "Salesperson", "Member", "Card No", "Approval Code", "Qty",
    "Item", "Price", "Unit Price", "Amount", "Discount", "Tax Code", "Tax Amount", "Net Amount",
    "Total (excluding tax)", "Total (including tax)", "Service Charge", "Paid", "Payment", "Change Due", "Points",
    "Page", "Terms", "Time", "Reg. No", "VAT No", "GST No", "Your Ref.", "Our Ref.", "File No", "Serial No", "Size",
    "Weight", "Rechnung Nr.", "Datum", "Kunde", "Betrag", "Gesamt", "Netto", "Brutto", "Bar", "Rückgeld", "Menge",
    "Preis", "Stück", "Seite", "Facture", "Montant", "Espèces", "Rendu", "Quantité", "Prix", "Factura", "Fecha",
    "Importe", "Cantidad", "Precio", "Efectivo", "Cambio", "Fattura", "Totale", "Importo", "Contanti", "Resto",
    "Quantità", "Prezzo", "Troco", "Preço", "Razem", "Kwota", "Faktura", "Celkem", "Částka", "Totaal", "Aantal",
    "Beløb", "Summa", "Toplam", "Összesen", "Amt", "Total Amt", "Qty(s)", "U.Price", "Unit", "Disc", "Disc.", "Items",
    "Item(s)", "Total Qty", "Sub Total", "Subtotal", "Grand Total", "Net", "Gross", "Gross Amt", "Nett Total",
    "Total Due", "Balance Due", "Deposit", "Tendered", "Cash Tendered", "Rounding Adj", "Rounded Total", "Tax",
    "Sales Tax", "GST", "GST ID", "GST ID No", "GST Reg No", "GST Reg. No.", "GST Amt", "GST Summary", "GST Summ",
    "Tax Summary", "VAT", "VAT Reg No", "VAT Amt", "SST", "HST", "Tax ID", "Tax Inv", "Inv No", "Inv. No.",
    "Invoice #", "Invoice", "Doc No", "Doc No.", "Doc. Date", "Bill To", "Ship To", "Sold To", "Deliver To", "Attn",
    "Co. Reg. No.", "Co. No.", "Co Reg No", "Company No", "Company Reg. No.", "Reg No", "ROC No", "Account No",
    "Acct No", "A/C No", "Trans", "Trans No", "Transaction", "Terminal", "Term ID", "Merchant ID", "Batch No",
    "Trace No", "Auth Code", "Appr Code", "Ref No", "Check No", "Chq No", "Order", "Order #", "Counter", "Counter No",
    "Till", "Shift", "Station", "Server", "Served By", "Operator", "Salesman", "Sales Person", "Staff", "User",
    "Guests", "Pax", "Cover", "Room", "Delivery Date", "Due Date", "Date", "Date/Time", "Print Date", "Valid Until",
    "Expiry Date", "Mobile", "H/P", "Tel/Fax", "Telephone", "E-mail", "Email", "Website", "Description", "Code",
    "Part No", "Model", "S/No", "S/Price", "Remark", "Remarks", "Department", "Division", "Region", "Brand",
    "Subject", "From", "To", "cc", "Re", "Pages", "No. of Pages", "Name", "Address", "City", "State", "Zip",
    "Zip Code", "Country", "Title", "Signature", "Approved By", "Prepared By", "Received By", "Manager", "Supervisor",
    "Budget", "Contract No", "Project No", "Sample No", "Lot No", "Quantity", "Volume", "Percent", "Method",
    "Results", "Comments", "Year", "Month", "Week", "Mastercard", "Visa", "Debit Card", "Credit Card", "Voucher",
    "Loyalty",
)  # fmt: skip
COMPANIES = (
    "Ltd", "Ltd.", "Limited", "Inc", "Inc.", "LLC", "Corp.", "Corporation", "Co.", "Company", "Co., Ltd.", "& Co.",
    "& Sons", "PLC", "Pte Ltd", "Pte. Ltd.", "Pty Ltd", "Sdn Bhd", "Sdn. Bhd.", "Bhd", "Enterprise", "Trading",
    "Holdings", "Group", "GmbH", "AG", "KG", "e.K.", "S.A.", "S.L.", "S.p.A.", "S.r.l.", "SARL", "S.A.S.", "B.V.",
    "N.V.", "A/S", "AB", "Oy", "Sp. z o.o.", "s.r.o.", "Kft.", "Lda.", "A.Ş.", "Restaurant", "Café", "Hotel", "Mart",
    "Market", "Supermarket", "Store", "Stores", "Shop", "Pharmacy", "Hardware", "Stationery", "Bakery", "Services",
    "Marketing", "Industries",
)  # fmt: skip
PLACES = (
    "Street", "St.", "Road", "Rd.", "Avenue", "Ave.", "Lane", "Drive", "Square", "Blvd", "Floor", "Ground Floor",
    "Suite", "Unit", "Lot", "Block", "Blk", "Level", "Mall", "Plaza", "Park", "P.O. Box", "Jalan", "Jln", "Taman",
    "Kg", "Rue", "Av.", "Calle", "Via", "Piazza", "Rua", "Straße", "Str.", "Platz", "ul.", "Ulice", "Cad.", "Sokak",
    "Utca", "gata",
)  # fmt: skip
NOTICES = (
    "Thank you for your purchase", "Please come again", "Please keep this receipt", "Have a nice day",
    "Customer Copy", "Merchant Copy", "Duplicate", "No refund", "Exchange within 7 days with receipt", "Tax Invoice",
    "Simplified Tax Invoice", "All prices are inclusive of GST", "Total (Inclusive of GST)", "Total Excl. GST",
    "Total Incl. GST @ 6%", "GST @ 6%", "VAT 20%", "MwSt 19%", "TVA 10%", "IVA 21%", "Service Charge 10%",
    "GST Included in Total", "Amount (RM)", "Tax (RM)", "Amt (RM)", "Price (USD)", "Amount ($)", "Total (EUR)",
    "Goods sold are not refundable", "Goods sold are not returnable", "This is a computer generated receipt",
    "Follow us on", "Customer Service", "Please do not reply", "Confidential", "For office use only",
    "Please print or type", "See attached", "Continued on next page", "Not applicable", "N/A",
)  # fmt: skip
TERMS_KOREAN = (
    "전화", "팩스", "날짜", "시간", "번호", "테이블", "주문번호", "영수증번호", "카드번호", "승인번호", "단가", "금액",
    "수량", "공급가액", "세액", "합계금액", "받을금액", "고객명", "매장명", "주문일시", "판매일", "포인트", "잔여",
)  # fmt: skip
SEPARATORS = (": ", " : ", ":", " ", " ", ". ")
UNITS = ("", "", "", "", "RM", "$", "€", "£", "₩", "RM ", "$ ", "₩ ")
TAILS = ("", "", "", "", " S", " *", "%", " EUR", "원", " kg", "g", "ml", " cm", "mm", " pcs")


def record_lines(texts: TextSampler, characters: int, seed: int = 0) -> Iterator[str]:
    """Lines of so many characters in all; half of them in small letters, as lines of capitals are scored."""
    rng = np.random.default_rng(seed)
    written = 0
    while written < characters:
        line = record_line(texts, rng, korean=bool(rng.random() < 0.2) and "ko" in texts.corpora)
        line = line.lower() if rng.random() < 0.5 else line
        written += len(line) + 1
        yield line


def printed_record(texts: TextSampler, rng: np.random.Generator, korean: bool) -> str:
    """One line as tills print it, two in five in capitals."""
    line = record_line(texts, rng, korean)
    return line.upper() if rng.random() < 0.4 else line


def record_line(texts: TextSampler, rng: np.random.Generator, korean: bool) -> str:
    """One line: a label with its value, an item with its price, a row of figures, column heads, a company, a place."""
    drawn = rng.random()
    if not korean and drawn < 0.15:
        return _told_line(texts, rng)
    drawn = rng.random()
    if drawn < 0.4:
        separator = SEPARATORS[int(rng.integers(len(SEPARATORS)))]
        return f"{term(rng, korean)}{separator}{value(rng)}"
    if drawn < 0.6:
        length = int(rng.integers(6, 24))
        language = "ko" if korean else texts.language(rng)
        item = texts.phrase(rng, length, language)
        return f"{item} {value(rng)}" if rng.random() < 0.7 else f"{rng.integers(1, 20)} {item} {value(rng)}"
    if drawn < 0.9:
        return " ".join(value(rng) for _ in range(int(rng.integers(1, 5))))
    names = (*HEADS_KOREAN, *THANKS_KOREAN) if korean else (*HEADS, *THANKS)
    return names[int(rng.integers(len(names)))]


def _told_line(texts: TextSampler, rng: np.random.Generator) -> str:
    """A company, where it is, what it says, or the heads of columns."""
    drawn = rng.random()
    name = texts.phrase(rng, int(rng.integers(4, 18)), texts.language(rng)).title()
    if drawn < 0.35:
        return f"{name} {COMPANIES[int(rng.integers(len(COMPANIES)))]}"
    if drawn < 0.6:
        place, number = PLACES[int(rng.integers(len(PLACES)))], int(rng.integers(1, 400))
        forms = (
            f"{number} {name} {place}",
            f"No. {number}, {place} {name}",
            f"{place} {name} {number}",
            f"{place} {name},",
        )
        return forms[int(rng.integers(len(forms)))]
    if drawn < 0.8:
        return NOTICES[int(rng.integers(len(NOTICES)))]
    return " ".join(term(rng, False) for _ in range(int(rng.integers(2, 5))))


def term(rng: np.random.Generator, korean: bool) -> str:
    """What stands before a value."""
    groups = (LABELS_KOREAN, TOTALS_KOREAN, TERMS_KOREAN) if korean else (LABELS, TOTALS, TERMS)
    names = groups[int(rng.choice(3, p=(0.2, 0.3, 0.5)))]
    name = names[int(rng.integers(len(names)))]
    return name.upper() if rng.random() < 0.4 else name


def value(rng: np.random.Generator) -> str:
    """A sum of money mostly; any number, or now and then a code."""
    drawn = rng.random()
    if drawn < 0.06:
        return random_code(rng, 6)
    if drawn < 0.4:
        return random_number(rng)
    if drawn < 0.55:
        return str(int(10 ** rng.uniform(0, 4)))
    amount = float(10 ** rng.uniform(-1, 4))
    written = f"{amount:,.2f}" if rng.random() < 0.85 else f"{amount:.2f}".replace(".", ",")
    if rng.random() < 0.6:
        return UNITS[int(rng.integers(len(UNITS)))] + written
    return written + TAILS[int(rng.integers(len(TAILS)))]
