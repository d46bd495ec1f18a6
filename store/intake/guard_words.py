"""Words that name personal data in column headers, and the lists by which personal names are told from place names."""

from __future__ import annotations

from geo.errors import N_

NAME = N_("name of a person")
IDENTITY = N_("identity number")
PHONE = N_("phone number")
EMAIL = N_("e-mail or messenger")
PLATE = N_("vehicle plate")
FACE = N_("face or picture of a person")
PARTICULARS = N_("personal particulars")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _pairs(text: str) -> frozenset[tuple[str, str]]:
    words = text.replace(",", " ").split()
    return frozenset(zip(words[::2], words[1::2], strict=True))


# Whole words of a header (split at case changes, digits and punctuation).
HEADER_WORDS = {
    NAME: _words(
        "surname firstname lastname fullname forename givenname middlename maidenname username nickname "
        "reporter informant complainant victim suspect offender perpetrator arrestee defendant witness caller "
        "applicant resident tenant householder driver contact person passenger patient pupil xingming "
        "lianxiren"
    ),
    IDENTITY: _words("ssn sin passport idcard idno nin hetu personnummer cpr dni nif rut cnic aadhaar shenfenzheng"),
    PHONE: _words("phone telephone tel mobile cellphone cell_phone fax msisdn imei imsi dianhua shouji"),
    EMAIL: _words("email mail wechat weixin whatsapp telegram qq skype"),
    PLATE: _words("plate plates licenceplate licenseplate numberplate vrn vin chepai"),
    FACE: _words("face faces facial portrait headshot avatar selfie mugshot biometric"),
    PARTICULARS: _words("dob birthdate birthday gender sex ethnicity race nationality"),
}
# Pairs of words, in order, anywhere in a header.
HEADER_PAIRS = {
    NAME: _pairs(
        "customer name, family name, first name, full name, given name, last name, middle name, name family, "
        "name first, name last, officer name, owner name, person name, reported by, user name,"
    ),
    IDENTITY: _pairs(
        "citizen id, id card, id number, identity card, identity number, national id, personal id, "
        "social security, tax id,"
    ),
    PLATE: _pairs(
        "licence no, licence number, licence plate, license no, license number, license plate, number plate, "
        "plate no, plate number, vehicle registration,"
    ),
    FACE: _pairs("face id, id photo, person photo, photo of,"),
    PARTICULARS: _pairs("birth date, date birth, home address, residential address,"),
    PHONE: _pairs("cell number, cell phone, contact number,"),
}
# Parts of Chinese headers.
HEADER_PARTS = {
    NAME: _words(
        "姓名 联系人 报警人 报案人 举报人 投诉人 受害人 被害人 嫌疑人 当事人 户主 驾驶员 司机 负责人 网格员 "
        "申请人 证人 居民姓名 法人 名字"
    ),
    IDENTITY: _words("身份证 证件号 护照 公民身份 社保号 驾驶证"),
    PHONE: _words("电话 手机 联系方式 传真"),
    EMAIL: _words("邮箱 邮件 微信 QQ qq"),
    PLATE: _words("车牌 号牌 车架号"),
    FACE: _words("人脸 面部 头像 人像 证件照"),
    PARTICULARS: _words("住址 户籍 出生 性别 民族 年龄"),
}

# First two digits of Chinese identity numbers.
PROVINCES = _words(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83 91"
)

SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
    "温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单裴霍"
    "涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑"
    "景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲"
)
COMPOUND_SURNAMES = _words("欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 夏侯 端木")
# A short Chinese text that ends so, or holds one of the pairs, names a place, a unit or a thing.
PLACE_ENDS = frozenset(
    "路街巷道弄里坊区县市省州镇乡村屯庄寨社组站所队局处科办室厅院校园场馆楼厦塔桥门口井湖河江海湾岛山岭坡"
    "峰沟坝港台亭庙寺观宫城堡营盘店铺厂矿库岗段线环点位网格层号苑居庭府广机球型类案件事故灾火盗抢骗斗殴噪"
    "水电气车船堤洲滩泉林地田源墩坪塘关"
)
PLACE_PAIRS = _words(
    "广场 小区 社区 大厦 中心 公园 医院 学校 车站 机场 商场 市场 花园 新村 街道 大学 政府 银行 酒店 警务 城管 "
    "派出 网格 枪机 球机"
)

GIVEN_NAMES = _words(
    "james robert john michael david william richard joseph thomas charles christopher daniel matthew anthony "
    "mark donald steven andrew paul joshua kenneth kevin brian timothy ronald jason george edward jeffrey ryan "
    "jacob nicholas gary eric jonathan stephen larry justin scott brandon benjamin samuel gregory alexander "
    "patrick frank raymond jack dennis jerry tyler aaron jose adam nathan henry zachary douglas peter kyle "
    "noah ethan jeremy walter christian keith roger terry austin sean gerald carl harold dylan arthur lawrence "
    "jordan jesse bryan billy bruce gabriel joe logan alan juan albert mary patricia jennifer linda elizabeth "
    "barbara susan jessica sarah karen lisa nancy betty sandra margaret ashley kimberly emily donna michelle "
    "carol amanda melissa deborah stephanie rebecca sharon laura cynthia amy kathleen angela shirley brenda "
    "emma anna pamela nicole samantha katherine christine helen debra rachel carolyn janet maria catherine "
    "heather diane olivia julie joyce victoria ruth virginia lauren kelly christina joan evelyn judith andrea "
    "hannah jane alice julia grace amber denise danielle marilyn beverly charlotte natalie theresa diana "
    "brittany doris kayla alexis lori marie matti juha pekka jari mikko antti anne liisa tuula hans klaus "
    "jurgen wolfgang petra sabine ursula pierre jean michel luc francois carlos luis miguel antonio manuel "
    "ivan sergei olga natalia mohammed ahmed ali fatima wei lei jing li yan min fang na ying xiu"
)
FAMILY_NAMES = _words(
    "james thomas scott kelly li smith johnson williams brown jones garcia miller davis rodriguez martinez "
    "hernandez lopez gonzalez wilson anderson taylor moore jackson martin lee perez thompson white harris "
    "sanchez clark ramirez lewis robinson walker young allen king wright torres nguyen hill flores green adams "
    "nelson baker hall rivera campbell mitchell carter roberts gomez phillips evans turner diaz parker cruz "
    "edwards collins reyes stewart morris morales murphy cook rogers gutierrez ortiz morgan cooper peterson "
    "bailey reed howard ramos kim cox ward richardson watson brooks chavez wood bennett gray mendoza ruiz "
    "hughes price alvarez castillo sanders patel myers long ross foster jimenez powell jenkins perry russell "
    "sullivan bell coleman butler henderson barnes fisher vasquez simmons graham murray doe korhonen virtanen "
    "makinen nieminen makela laine heikkinen koskinen muller schmidt schneider fischer weber meyer wagner "
    "becker schulz hoffmann dubois durand leroy moreau fernandez ivanov petrov smirnov wang zhang liu chen "
    "yang huang zhao wu zhou xu sun ma zhu hu guo he lin gao luo"
)
PLACE_WORDS = _words(
    "middle hill hall ward ave avenue st street rd road blvd boulevard dr drive ln lane pl place ct court sq "
    "square pkwy parkway hwy highway way park bridge plaza school center centre hospital church library "
    "station house building tower garden gardens field memorial high elementary university college museum "
    "market mall hotel theater theatre circle terrace trail creek river lake island hills village city town "
    "county district precinct block cemetery monument site camera pole apartments heights team unit post katu "
    "tie puisto strasse platz rue"
)
