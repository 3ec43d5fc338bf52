"""Names in the frequencies in which they are met: few that many have, and a long tail.

English names are written from general knowledge of which are common, the other communities' are those of the synthetic
neighbourhood. Their frequencies are invented: the n-th name of a list is met about 1/n as often as the first, which is
how surnames and given names are distributed.
"""

from bisect import bisect
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, product
from random import Random

from adapters.synthetic.names import COMMUNITIES, SHARES
from adapters.synthetic.world import Sex


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FAMILIES = _words(
    "Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Robinson Wright Thompson Evans Walker White"
    " Roberts Green Hall Thomas Clarke Jackson Wood Harris Edwards Turner Martin Cooper Hill Ward Hughes Moore"
    " Clark King Harrison Lewis Baker Lee Allen Morris Khan Scott Watson Davis Parker James Bennett Young Phillips"
    " Richardson Mitchell Bailey Carter Cook Singh Shaw Bell Collins Morgan Kelly Begum Miller Cox Hussain"
    " Marshall Simpson Price Anderson Adams Wilkinson Foster Ellis Murphy Chapman Mason Gray Richards Webb Rogers"
    " Hunt Mills Holmes Palmer Matthews Gibson Fisher Barnes Knight Lloyd Harvey Butler Russell Barker Stevens"
    " Jenkins Dixon Fletcher Hunter Ahmed Reynolds Andrews Elliott Ford Powell Burton Payne Brooks Pearson Walsh"
    " Saunders West Lawrence Fox Atkinson Spencer Graham Cole Ball Dawson Hart Newman Hudson Stone Armstrong Grant"
    " Pearce Perry Reid Rose Francis Chambers Riley Lane Murray Woods Carr Warren Gardner Berry Hopkins Nicholls"
    " Curtis Stephens Gordon Barrett Bird Hawkins Bradley Lowe Cunningham Day Black Hayes Bates Lambert Harper"
    " Watts Parsons Bishop May Long Porter George Higgins Hamilton Burns Bryant Frost Field Sutton Gilbert Goodwin"
    " Page Oliver Booth Wells Norman Osborne Read Freeman Sharp Hewitt Nelson Rowe Steele Yates Kirk Blake Webster"
    " Arnold Wheeler Crawford Kaur Tucker Nash Gregory Burgess Doyle Carpenter Bond Todd Griffin Potter Sanders"
    " Dean Barton Stewart Howard Abbott Cross Reeves Goddard Peters"
)
_STEMS = _words(
    "Ash Ald Ban Bark Bar Beck Berk Birch Black Bram Brad Brock Brook Burn Cald Cal Chad Char Chil Clay Clif Cod"
    " Col Cran Craw Cres Dal Den Dud Dun East Eld Elm Fair Farn Fen Fern Gar Gold Graf Green Hal Ham Har Has Hat"
    " Hazel Hol Hon Hor Ing Ken Kil King Kirk Lang Lat Led Lin Lock Long Mar Mel Mid Mil Mor Nor Oak Old Pad Pem"
    " Pen Pick Rad Red Ring Rock Roth Rush Sal San Sea Shel Sher Sil Somer Stan Stock Stan Strat Sud Swin Tam"
    " Thorn Til Tor Und Wake Wal War Wat Wel Wes Whit Wil Win Wood Wor Wy Yar"
)
_ENDS = _words(
    "ford ham ton ley field well worth bridge brook wood by combe cott croft den don dale gate grave ridge hurst"
    " land ling man mere more mount pole shaw stead stock stone thorpe wick will water yard ward house hall port"
)
_WOMEN = _words(
    "Margaret Mary Susan Elizabeth Patricia Christine Jean Linda Sarah Julie Karen Jacqueline Janet Helen Deborah"
    " Claire Emma Nicola Lisa Rebecca Laura Rachel Gemma Victoria Charlotte Amy Katie Lauren Sophie Jessica Hannah"
    " Emily Olivia Chloe Megan Amelia Isla Ava Mia Grace Lily Ella Poppy Evie Freya Alice Florence Daisy Sienna"
    " Phoebe Barbara Carol Ann Anne Dorothy Joan Joyce Sheila Maureen Pauline Sandra Kathleen Doreen Irene Eileen"
    " Sylvia Brenda Marion Angela Diane Tracey Alison Amanda Sharon Michelle Joanne Samantha Louise Donna Kelly"
    " Natalie Danielle Stephanie Jennifer Catherine Caroline Jane Wendy Gillian Lesley Lorraine Theresa Bernadette"
    " Hazel Ruth Rosemary Judith Marjorie Winifred Edith Florrie Ethel Hilda Gladys Vera Beatrice Georgia Abigail"
    " Molly Holly Bethany Paige Zoe Leah Jade Eleanor Lucy Ellie Ruby Matilda Rosie Esme Harriet Imogen Martha"
    " Maisie Tilly Ivy Elsie Penelope Aleena Aleeza Amandeep Ramandeep Jasmeet Jaspreet Zara Sara Francesca"
    " Isabella Isabelle Annabel Nancy Heidi"
)
_MEN = _words(
    "John David Michael Peter Robert Paul James William Stephen Alan Andrew Christopher Richard Anthony Brian"
    " Kenneth Mark Kevin George Ronald Thomas Daniel Matthew Joseph Ian Simon Jack Joshua Ryan Luke Oliver Harry"
    " Charlie Noah Alfie Jacob Oscar Leo Arthur Freddie Archie Theo Henry Max Edward Derek Raymond Keith Colin"
    " Roger Graham Dennis Barry Philip Trevor Martin Geoffrey Terence Gary Nigel Steven Neil Darren Craig Lee"
    " Jason Wayne Stuart Adam Ben Liam Connor Jordan Lewis Callum Nathan Jake Kieran Samuel Benjamin Alexander"
    " Jonathan Adrian Malcolm Norman Frank Leslie Roy Eric Arnold Albert Frederick Ernest Harold Stanley Walter"
    " Cyril Percy Reginald Sidney Wilfred Gordon Donald Douglas Russell Julian Marcus Dominic Toby Elliot Jayden"
    " Hayden Kayden Aidan Ethan Evan Dylan Mason Logan Zain Zayn Hassan Hussain Rayyan Ayaan Gurpreet Harpreet"
    " Tyler Taylor Reece Rhys Owen Finley Finlay Louis Harvey"
)


@cache
def _by_rank(names: tuple[str, ...], flat: float) -> tuple[tuple[str, ...], tuple[float, ...]]:
    return names, tuple(accumulate(1 / (rank + flat) for rank in range(len(names))))


def _pick(rng: Random, names: Sequence[str], flat: float) -> str:
    """One of the names, the first most often. `flat`: how many of the first are about as common as the first."""
    known, cumulated = _by_rank(tuple(names), flat)
    return known[bisect(cumulated, rng.random() * cumulated[-1])]


@cache
def _tail() -> tuple[str, ...]:
    found = [stem + end for stem, end in product(_STEMS, _ENDS) if stem[-1] != end[0]]
    Random(1).shuffle(found)
    return tuple(found)


def community(rng: Random) -> str:
    """Key of `adapters.synthetic.names.COMMUNITIES`."""
    (one,) = rng.choices(list(SHARES), list(SHARES.values()))
    return one


def family_name(rng: Random, of: str) -> str:
    """A family name of that community."""
    if of != "english":
        return _pick(rng, COMMUNITIES[of].families, 6)
    if rng.random() < 0.35:
        return _pick(rng, _FAMILIES, 12)
    return _pick(rng, _tail(), 300)


def given_name(rng: Random, of: str, sex: Sex, age: int) -> str:
    """A first name of that community and generation."""
    if of == "english" and rng.random() < 0.6:
        return _pick(rng, _WOMEN if sex == "female" else _MEN, 15)
    known = COMMUNITIES[of]
    if sex == "female":
        return _pick(rng, known.elder_women if age >= 62 else known.women, 6)
    return _pick(rng, known.elder_men if age >= 62 else known.men, 6)


def rhyming(given: str, sex: Sex, rng: Random) -> str | None:
    """Another name one letter or syllable away, as parents of twins like them; None where we know none."""
    alike = [one for one in (_WOMEN if sex == "female" else _MEN) if one != given and one[1:4] == given[1:4]]
    return rng.choice(alike) if alike else None
