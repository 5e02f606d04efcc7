"""Words and phrases as receipts, invoices and forms print them."""

from __future__ import annotations

LABELS = (
    "Name", "Date", "Address", "Phone No.", "Fax", "To", "From", "Company", "City", "State", "Zip Code", "Signature",
    "Department", "Title", "Account No.", "Project Number", "Approved by", "Amount", "Quantity", "Description",
    "Brand", "Requested by", "Reference", "Date of Birth", "Remarks", "Type", "Code", "Total", "Supplier", "E-mail",
    "Invoice No.", "Name, Vorname", "Straße", "Geburtsdatum", "Unterschrift", "Nom", "Prénom", "Adresse", "Téléphone",
    "Fecha", "Nombre", "Indirizzo", "Cognome", "Morada", "Datum", "Plaats",
)  # fmt: skip
LABELS_KOREAN = (
    "성명", "주소", "전화번호", "생년월일", "주민등록번호", "신청인", "접수번호", "일자", "금액", "수량", "품명",
    "비고", "서명", "회사명", "대표자", "사업자등록번호", "담당자", "부서", "직위", "이메일", "제출일", "용도",
    "계좌번호", "예금주", "확인", "결재",
)  # fmt: skip
TOTALS = (
    "TOTAL", "SUBTOTAL", "SUB TOTAL", "GST 6%", "TAX", "ROUNDING", "ROUNDING ADJUSTMENT", "CASH", "CHANGE", "DISCOUNT",
    "AMOUNT DUE", "VISA", "Total Sales (Inclusive GST)", "Total Qty", "Balance", "Net Total", "MwSt. 19%", "Summe",
    "TVA 20%", "IVA", "Total a pagar",
)  # fmt: skip
TOTALS_KOREAN = (
    "합계", "부가세", "과세물품", "면세물품", "받은금액", "거스름돈", "카드결제", "할인", "총 수량", "결제금액",
    "신용카드", "현금", "포인트", "잔액",
)  # fmt: skip
HEADS = ("TAX INVOICE", "RECEIPT", "CASH SALES", "INVOICE", "SIMPLIFIED TAX INVOICE", "OFFICIAL RECEIPT", "Quittung")
HEADS_KOREAN = ("영수증", "신용카드 매출전표", "계산서", "주문서", "거래명세서")
THANKS = (
    "THANK YOU", "THANK YOU, PLEASE COME AGAIN", "GOODS SOLD ARE NOT RETURNABLE", "Thank you for shopping with us!",
    "Vielen Dank", "Merci de votre visite", "GRACIAS POR SU COMPRA",
)  # fmt: skip
THANKS_KOREAN = ("감사합니다", "이용해 주셔서 감사합니다.", "교환 및 환불은 7일 이내 영수증 지참", "또 오세요")
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
