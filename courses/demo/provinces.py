"""Thailand's 77 provinces with their region: the only real-world facts in the demonstration data."""

from typing import NamedTuple

NORTH, CENTRAL, NORTHEAST = "เหนือ", "กลาง", "ตะวันออกเฉียงเหนือ"
EAST, WEST, SOUTH = "ตะวันออก", "ตะวันตก", "ใต้"


class Province(NamedTuple):
    name_th: str
    name_en: str
    region: str


_LISTS = {
    NORTH: """เชียงราย Chiang Rai|เชียงใหม่ Chiang Mai|น่าน Nan|พะเยา Phayao|แพร่ Phrae|แม่ฮ่องสอน Mae Hong Son
        |ลำปาง Lampang|ลำพูน Lamphun|อุตรดิตถ์ Uttaradit""",
    CENTRAL: """กรุงเทพมหานคร Bangkok|กำแพงเพชร Kamphaeng Phet|ชัยนาท Chai Nat|นครนายก Nakhon Nayok
        |นครปฐม Nakhon Pathom|นครสวรรค์ Nakhon Sawan|นนทบุรี Nonthaburi|ปทุมธานี Pathum Thani
        |พระนครศรีอยุธยา Phra Nakhon Si Ayutthaya|พิจิตร Phichit|พิษณุโลก Phitsanulok|เพชรบูรณ์ Phetchabun
        |ลพบุรี Lop Buri|สมุทรปราการ Samut Prakan|สมุทรสงคราม Samut Songkhram|สมุทรสาคร Samut Sakhon
        |สระบุรี Saraburi|สิงห์บุรี Sing Buri|สุโขทัย Sukhothai|สุพรรณบุรี Suphan Buri|อ่างทอง Ang Thong
        |อุทัยธานี Uthai Thani""",
    NORTHEAST: """กาฬสินธุ์ Kalasin|ขอนแก่น Khon Kaen|ชัยภูมิ Chaiyaphum|นครพนม Nakhon Phanom
        |นครราชสีมา Nakhon Ratchasima|บึงกาฬ Bueng Kan|บุรีรัมย์ Buri Ram|มหาสารคาม Maha Sarakham
        |มุกดาหาร Mukdahan|ยโสธร Yasothon|ร้อยเอ็ด Roi Et|เลย Loei|ศรีสะเกษ Si Sa Ket|สกลนคร Sakon Nakhon
        |สุรินทร์ Surin|หนองคาย Nong Khai|หนองบัวลำภู Nong Bua Lam Phu|อำนาจเจริญ Amnat Charoen
        |อุดรธานี Udon Thani|อุบลราชธานี Ubon Ratchathani""",
    EAST: """จันทบุรี Chanthaburi|ฉะเชิงเทรา Chachoengsao|ชลบุรี Chon Buri|ตราด Trat|ปราจีนบุรี Prachin Buri
        |ระยอง Rayong|สระแก้ว Sa Kaeo""",
    WEST: "กาญจนบุรี Kanchanaburi|ตาก Tak|ประจวบคีรีขันธ์ Prachuap Khiri Khan|เพชรบุรี Phetchaburi|ราชบุรี Ratchaburi",
    SOUTH: """กระบี่ Krabi|ชุมพร Chumphon|ตรัง Trang|นครศรีธรรมราช Nakhon Si Thammarat|นราธิวาส Narathiwat
        |ปัตตานี Pattani|พังงา Phangnga|พัทลุง Phatthalung|ภูเก็ต Phuket|ยะลา Yala|ระนอง Ranong|สงขลา Songkhla
        |สตูล Satun|สุราษฎร์ธานี Surat Thani""",
}


def _parse(region: str, text: str) -> list[Province]:
    pairs = (entry.strip().split(" ", 1) for entry in text.split("|"))
    return [Province(thai, english, region) for thai, english in pairs]


PROVINCES = [province for region, text in _LISTS.items() for province in _parse(region, text)]
