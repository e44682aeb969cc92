"""The words that tell whether a sentence ends behind or before them."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that open sentences and are no names: decisive after what may be an abbreviation.
STARTERS = _words(
    """A Additionally After All Also Although Among An Analysis And Another Any As At Based Because
    Before Both Briefly But By Compared Consequently Consistent Conversely Despite Due During Each
    Either Finally First Five Following For Four From Further Furthermore Given Hence Here How
    However If Importantly In Indeed Initially Instead Interestingly Is It Its Lastly Like Many More
    Moreover Most Neither Nevertheless No None Nonetheless Not Notably Of On Once One Only Other Our
    Overall Patients Previous Previously Recent Recently Results Second Several She Similarly Since
    Six So Some Specifically Studies Subsequently Such Surprisingly Ten Than That The Their Then
    There Thereafter Therefore These They Third This Those Three Through Thus To Together Two Under
    Unlike Until Upon Using We What When Where Whereas Whether Which While Who Why With Within
    Without Yet You"""
)

# Abbreviations, without their full stop. Lower case stands for any case but all capitals: "MS" and
# "BV" are acronyms, "ms" and "bv" abbreviations.
# Never at the end of a sentence:
INSIDE = _words(
    """acad adj aff anal anhyd anon approx aq assoc asst avg biochem biol biophys bv c.f ca calc
    calcd cf chem clin conc cv dept dil e.g ed eds eg eq eqn eqns eqs equ esp excl ext f.sp fig figs
    genet govt i.e ie immunol incl lett med microbiol n.sp nat natl neurosci pers pharmacol
    physiol proc pv ref refs resp rev satd sci sect serovar ssp str subsp substr supp suppl syn
    technol univ unpub unpubl v.s var virol viz vs
    Dr Drs Exp Ft Ing Messrs Mol Mr Mrs Ms Mt Ph Prof St"""
)
# Only before a number, a code or a single letter ("No. 5", "cat. AB123") inside a sentence:
BEFORE_NUMBER = _words(
    """acc alt app art b.p c cat ch chap chr comm ex exon fr i.pl lat lot m.p n no nos nr o.d p para
    pl pp prot pt sec secs ser tab tabl v ver vol vols wt FIG FIGS"""
)
# At the end of a sentence only before a word that looks like the start of one:
EITHER = _words(
    """agg al co coll corp det dev equiv etc exp gmbh inc indet int jr leg lit ltd max mol
    lib mut neg nov obs org ph.d pop pos sat sept soln sp spec spp sr std temp a.m i.d i.m i.p i.v
    p.i p.m p.o s.c ltda statacorp M.D S.D S.E S.E.M U.S.A"""
)
# At the end of a sentence unless a lower-case word follows:
UNITS = _words("d h hr hrs min mo s s.d s.e s.e.m wk yr yrs")

# Nouns that a capital letter follows: "hepatitis C", "panel B".
LETTERED = _words(
    """box case chromosome class cluster complex cyclosporin factor fig figs figure figures group
    groups hepatitis influenza kappa model panel panels part phase site step strain subunit table
    type vitamin"""
)
BEFORE_PERSON = _words(
    "& against and are by de for from gift is of por thank thanks to us was were which with"
)

SEROVARS = _words(
    """Choleraesuis Dublin Enteritidis Gallinarum Heidelberg Infantis Newport Paratyphi Typhi
    Typhimurium"""
)

# Before a code: "No. BB/P02338X/1"; and before "No.": "Cat. No. 12".
CODED = _words("acc cat no nos nr")
NUMBERED = _words("acc art cat i.d id item lot model permit prod product ref")

# Companies and laboratories, behind which the place comes without a comma: "Merck Co. Germany".
COMPANIES = _words("co corp gmbh inc lab labs ltd ltda")
COUNTRIES = (
    "Argentina|Australia|Austria|Belgium|Brazil|Bulgaria|Canada|Chile|China|Colombia|Croatia|Cuba"
    "|Czech Republic|Denmark|Egypt|England|Estonia|Finland|France|Germany|Greece|Hong Kong|Hungary"
    "|Iceland|India|Indonesia|Iran|Ireland|Israel|Italy|Japan|Jordan|Kenya|Korea|Kuwait|Latvia"
    "|Lebanon|Lithuania|Luxembourg|Malaysia|Mexico|Morocco|Netherlands|New Zealand|Nigeria|Norway"
    "|Pakistan|Peru|Philippines|Poland|Portugal|Qatar|Republic of|Romania|Russia|Saudi Arabia"
    "|Scotland|Serbia|Singapore|Slovakia|Slovenia|South Africa|South Korea|Spain|Sri Lanka|Sweden"
    "|Switzerland|Taiwan|Thailand|Tunisia|Turkey|Türkiye|UAE|UK|USA|Ukraine|United Kingdom"
    "|United States|Uruguay|Venezuela|Vietnam|Wales"
)
