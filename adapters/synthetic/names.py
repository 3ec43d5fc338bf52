"""Names as they are heard in Coventry, by community and generation; every combination of them is invented."""

from collections.abc import Collection
from dataclasses import dataclass
from random import Random

from adapters.synthetic.world import Sex


@dataclass(frozen=True)
class Community:
    """People who share names. `ethnicity`: NHS ethnic category; `language`: ISO 639-1 of those who need it spoken."""

    ethnicity: str
    language: str
    needs_language: float
    """Share of those over 60 who would rather speak it than English."""
    families: tuple[str, ...]
    elder_women: tuple[str, ...]
    elder_men: tuple[str, ...]
    women: tuple[str, ...]
    men: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ENGLISH_FAMILIES = (
    "Abbott Allcock Arnold Atkins Bagshaw Barnett Bayliss Beasley Bennett Birch Blundell Bourne Bradshaw Brindley"
    " Burdett Careless Chater Clewley Coles Cotterill Cross Dalby Daniels Dewis Dunn Eales Edkins Elkington Farndon"
    " Fletcher Garlick Gibbins Goode Grimley Harrow Haywood Hewitt Hobley Hollick Horsfall Ingram Jeffs Jephcott"
    " Kightley Lapworth Lenton Lomas Mander Marlow Masser Mayo Middleton Mobbs Nason Neale Newbold Oldham Orton"
    " Palmer Parbery Pargetter Pearson Petty Pickering Poole Prescott Quinney Randle Reader Rollason Rowley Sephton"
    " Shilton Skelcher Smith Stanley Summerton Taylor Thacker Tonks Treadwell Truslove Underhill Varney Wagstaff"
    " Walton Warden Webster Wheatley Whitmore Wilkins Winfield Wormell Wright Yardley"
)
COMMUNITIES: dict[str, Community] = {
    "english": Community(
        "A",
        "en",
        0,
        _words(_ENGLISH_FAMILIES),
        _words(
            "Ada Audrey Barbara Beryl Betty Brenda Doreen Dorothy Eileen Enid Gladys Hilda Irene Jean Joan Joyce"
            " June Kathleen Margaret Marjorie Maureen Muriel Pamela Patricia Pauline Rita Sheila Shirley Sylvia Vera"
            " Winifred"
        ),
        _words(
            "Albert Alan Arthur Barry Bernard Brian Clifford Dennis Derek Donald Douglas Ernest Frank Frederick George"
            " Gordon Harold Jack Keith Kenneth Leonard Leslie Maurice Norman Raymond Reginald Roy Stanley Sydney Walter"
        ),
        _words(
            "Alison Amanda Amy Charlotte Chloe Claire Deborah Ellie Emily Emma Freya Gemma Hannah Isla Jacqueline"
            " Jessica Karen Katie Laura Lauren Lisa Louise Lucy Megan Michelle Nicola Olivia Poppy Rachel Sarah Sharon"
            " Sophie Stacey Tracey Victoria"
        ),
        _words(
            "Adam Andrew Anthony Ben Callum Charlie Christopher Craig Daniel Darren David Gary George Harry Jack Jake"
            " James Jason Joshua Kevin Lee Liam Luke Mark Matthew Michael Nathan Neil Oliver Paul Peter Ryan Simon"
            " Stephen Thomas"
        ),
    ),
    "irish": Community(
        "B",
        "en",
        0,
        _words(
            "Brennan Byrne Cassidy Clancy Connolly Daly Doherty Donnelly Duffy Fitzgerald Flynn Gallagher Geraghty"
            " Hennessy Hogan Keane Kearney Lynch Maguire McCarthy McGrath Moran Mulligan Murphy Nolan O'Brien O'Connor"
            " O'Dowd O'Shea Quinn Rafferty Regan Scanlon Sweeney Tierney"
        ),
        _words("Bernadette Bridget Breda Carmel Eileen Kathleen Mairead Mary Nora Noreen Nuala Philomena Rosaleen Una"),
        _words("Brendan Cornelius Declan Dermot Desmond Eamon Gerard John Kevin Liam Michael Noel Patrick Sean Thomas"),
        _words("Aisling Aoife Ciara Clodagh Niamh Orla Roisin Saoirse Siobhan Sinead Maeve"),
        _words("Aidan Cathal Ciaran Conor Cormac Eoin Fergus Niall Oisin Ronan Rory"),
    ),
    "punjabi": Community(
        "H",
        "pa",
        0.55,
        _words("Atwal Bains Bassi Chahal Dhaliwal Dhillon Gill Grewal Johal Kang Mann Nijjar Purewal Rai Sahota Sandhu"
               " Sangha Sidhu Sohal Uppal Virk"),
        _words("Amarjit Balbir Gurdev Gurmit Harbans Jaswinder Kulwant Manjit Mohinder Parkash Surinder Swaran"),
        _words("Ajit Avtar Balwinder Darshan Gurdial Gurmail Harbhajan Joginder Karnail Mohan Pritam Sohan Surjit"),
        _words("Amandeep Harleen Jasleen Jaspreet Kiran Mandeep Manpreet Navdeep Simran Sukhpreet"),
        _words("Arjan Gurpreet Harjinder Inderjit Jagdeep Karanveer Manvir Rajvir Ravinder Sukhdev Tejinder"),
    ),
    "gujarati": Community(
        "H",
        "gu",
        0.5,
        _words("Bhatt Chauhan Dave Desai Gohil Joshi Mistry Modi Pandya Parmar Patel Raval Shah Solanki Trivedi"),
        _words("Bhanuben Hansa Indira Jyotsna Kantaben Kusum Lalita Manjula Pushpa Savita Shantaben Urmila"),
        _words("Arvind Bhikhu Chandrakant Dahyabhai Govind Jayantilal Kantilal Mahendra Natwarlal Ramesh Vinod"),
        _words("Avani Bhavika Dipti Hetal Krupa Mira Nisha Pooja Rekha Sejal Trupti"),
        _words("Amit Bhavesh Chirag Dhruv Hitesh Jignesh Kunal Nilesh Paresh Rakesh Viral"),
    ),
    "pakistani": Community(
        "J",
        "ur",
        0.5,
        _words("Ahmed Akhtar Ali Aslam Aziz Bashir Butt Chaudhry Hussain Iqbal Javed Khan Mahmood Malik Mirza Qureshi"
               " Rashid Shabbir Sharif Yousaf Zaman"),
        _words("Amina Azra Fazeelat Ghulam Hanifa Khadija Naseem Parveen Rashida Razia Shamim Zubaida"),
        _words("Abdul Bashir Fazal Ghulam Javed Karamat Mohammed Muhammad Nazir Rafiq Sadiq Sarwar Yaqoob"),
        _words("Aisha Ambreen Fatima Hira Iqra Mariam Nadia Saima Sana Shazia Zainab"),
        _words("Adeel Asif Bilal Faisal Hamza Imran Kashif Mohammed Naveed Omar Shahid Usman Zeeshan"),
    ),
    "bangladeshi": Community(
        "K",
        "bn",
        0.6,
        _words("Ahmed Ali Begum Chowdhury Hoque Islam Khatun Miah Rahman Uddin"),
        _words("Anowara Fulbanu Hasna Jahanara Mamtaz Nurjahan Rahela Sufia"),
        _words("Abdul Faruk Harun Kamal Mokbul Nurul Shafiq Tofail"),
        _words("Farhana Nasima Rumana Sabina Shahana Taslima Tania"),
        _words("Arif Jamal Mahbub Rashed Rezaul Saiful Tanvir"),
    ),
    "polish": Community(
        "C",
        "pl",
        0.6,
        _words("Adamczyk Dudek Duda Jaworski Kaczmarek Kowalczyk Kowal Kozak Krawczyk Lis Mazur Nowak Pawlak Piotrowicz"
               " Sikora Stachura Urban Wojcik Wrobel Zajac"),
        _words("Bronislawa Czeslawa Danuta Halina Helena Irena Jadwiga Janina Krystyna Stanislawa Teresa Zofia"),
        _words("Boleslaw Bronislaw Czeslaw Edward Jan Jozef Kazimierz Mieczyslaw Ryszard Stanislaw Tadeusz Wladyslaw"),
        _words("Agnieszka Aleksandra Anna Ewa Joanna Justyna Karolina Katarzyna Magdalena Monika Zuzanna"),
        _words("Adam Bartosz Dawid Grzegorz Jakub Krzysztof Lukasz Marcin Pawel Piotr Tomasz Wojciech"),
    ),
    "caribbean": Community(
        "M",
        "en",
        0,
        _words("Bailey Blake Brathwaite Campbell Clarke Douglas Francis Gayle Gordon Grant Henry Hinds Joseph Lewis"
               " McKenzie Morgan Pinnock Reid Samuels Thompson Wallace Whyte"),
        _words("Beverley Carmen Cislyn Daphne Delores Eulalee Gloria Hyacinth Icilda Lurline Myrtle Norma Una Verona"),
        _words("Alford Carlton Clinton Cecil Delroy Egbert Everton Granville Lloyd Neville Roy Vincent Winston"),
        _words("Alicia Chantelle Denise Jade Keisha Marcia Natalie Sandra Shanice Sonia Yvonne"),
        _words("Andre Curtis Damian Dwayne Errol Jerome Jermaine Leon Marlon Trevor Tyrone"),
    ),
    "african": Community(
        "N",
        "en",
        0,
        _words("Abebe Adeyemi Afolabi Amoah Asante Boateng Chukwu Dube Eze Kamara Mensah Moyo Mutasa Ndlovu Nwosu"
               " Obi Okonkwo Okoro Osei Owusu Sesay Tadesse Tesfaye"),
        _words("Abena Comfort Efua Esther Felicia Grace Margaret Mercy Patience Rebecca Victoria"),
        _words("Ebenezer Emmanuel Godfrey Isaac Kofi Kwame Nathaniel Samuel Solomon Theophilus"),
        _words("Adaeze Amara Blessing Chidinma Esi Faith Ngozi Nyasha Oluwaseun Rutendo Tendai Yaa"),
        _words("Abdoulaye Chinedu Daniel Emeka Farai Kelechi Kojo Michael Obinna Tatenda Yonas"),
    ),
    "chinese": Community(
        "R",
        "zh",
        0.6,
        _words("Chan Cheung Ho Lam Lau Lee Leung Li Liu Ng Tang Wang Wong Wu Yeung Zhang"),
        _words("Lai-Fong Mei-Ling Siu-Ying Suk-Yin Wai-Han Yuk-Lan"),
        _words("Chi-Keung Kwok-Wah Man-Kit Tak-Ming Wing-Hong Yiu-Cheung"),
        _words("Emily Fiona Jessie Mei Vivian Xin Yan"),
        _words("Alan Jason Kevin Ming Raymond Wei Wen"),
    ),
}  # fmt: skip

SHARES = {
    "english": 66.0, "irish": 4.0, "punjabi": 6.0, "gujarati": 4.0, "pakistani": 4.0, "bangladeshi": 1.5,
    "polish": 4.0, "caribbean": 3.0, "african": 6.0, "chinese": 1.5,
}  # fmt: skip
"""Rough shares of the people whom the neighbourhood teams know, in percent (invented, after Coventry's diversity)."""

NICKNAMES = {
    "Alan": "Al", "Albert": "Bert", "Andrew": "Andy", "Anthony": "Tony", "Arthur": "Art", "Barbara": "Babs",
    "Bernard": "Bernie", "Bernadette": "Bernie", "Bridget": "Bridie", "Christopher": "Chris", "Clifford": "Cliff",
    "Cornelius": "Con", "Daniel": "Dan", "David": "Dave", "Deborah": "Debbie", "Dorothy": "Dot", "Douglas": "Doug",
    "Emmanuel": "Manny", "Ernest": "Ernie", "Frederick": "Fred", "George": "Georgie", "Gurpreet": "Gary",
    "Harold": "Harry", "Jacqueline": "Jackie", "James": "Jim", "Jozef": "Joe", "Kathleen": "Kath", "Katarzyna": "Kasia",
    "Kenneth": "Ken", "Krystyna": "Krysia", "Leonard": "Len", "Leslie": "Les", "Magdalena": "Magda",
    "Malgorzata": "Gosia", "Margaret": "Peggy", "Marjorie": "Marj", "Matthew": "Matt", "Maureen": "Mo",
    "Michael": "Mick", "Mohammed": "Mo", "Norman": "Norm", "Pamela": "Pam", "Patricia": "Pat", "Patrick": "Paddy",
    "Philomena": "Phil", "Raymond": "Ray", "Reginald": "Reg", "Ronald": "Ron", "Samuel": "Sam", "Stanislaw": "Stan",
    "Stephen": "Steve", "Surjit": "Sid", "Sydney": "Syd", "Teresa": "Terry", "Thomas": "Tom", "Victoria": "Vicky",
    "Vincent": "Vince", "Walter": "Wally", "Winifred": "Winnie", "Winston": "Win",
}  # fmt: skip
"""What people are called at home, and what a charity's spreadsheet often has instead of the given name."""


def given_name(rng: Random, community: Community, sex: Sex, age: int, taken: Collection[str] = ()) -> str:
    """A given name that fits the generation and that nobody of the household (`taken`) has."""
    elder = age >= 62
    if sex == "female":
        names = community.elder_women if elder else community.women
    else:
        names = community.elder_men if elder else community.men
    return rng.choice([name for name in names if name not in taken] or names)
