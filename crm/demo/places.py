"""Where the people and firms of the demo come from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Country:
    """A country with names that are common there."""

    name: str
    language: str
    zone: str
    phone: str
    #: Behind the names of firms.
    legal_form: str
    #: City, state or region, postal code.
    cities: tuple[tuple[str, str, str], ...]
    streets: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    #: Of all people; they need not add up to anything.
    weight: int


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _cities(text: str) -> tuple[tuple[str, str, str], ...]:
    parts = [part.strip().split("|") for part in text.split(";")]
    return tuple((city, state, code) for city, state, code in parts)


COUNTRIES = (
    Country(
        name="Germany", language="de", zone="Europe/Berlin", phone="+49", legal_form="GmbH", weight=9,
        cities=_cities(
            "Berlin|Berlin|10115; Hamburg|Hamburg|20095; München|Bayern|80331; Köln|NRW|50667;"
            " Leipzig|Sachsen|04109; Freiburg|Baden-Württemberg|79098"
        ),
        streets=("Hauptstraße", "Gartenweg", "Lindenallee", "Am Markt"),
        first_names=_words(
            "Anna Lena Katharina Julia Sabine Petra Greta Marie Jürgen Thomas Jonas Felix Lukas"
            " Stefan Matthias Björn Sven Klaus Emil Paul Mia Nina Heike Uwe"
        ),
        last_names=_words(
            "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Koch Richter"
            " Klein Wolf Schröder Neumann Braun Zimmermann Krüger Hartmann Lange Krause Vogel Jung"
        ),
    ),
    Country(
        name="Austria", language="de", zone="Europe/Vienna", phone="+43", legal_form="GmbH", weight=3,
        cities=_cities(
            "Wien|Wien|1010; Graz|Steiermark|8010; Linz|Oberösterreich|4020; Salzburg|Salzburg|5020"
        ),
        streets=("Ringstraße", "Mozartgasse", "Bahnhofstraße"),
        first_names=_words(
            "Magdalena Theresa Johanna Elisabeth Lisa Eva Valentina Christine Florian Maximilian"
            " Sebastian Alexander David Tobias Andreas Gerhard Franz Markus Simon Jakob"
        ),
        last_names=_words(
            "Gruber Huber Bauer Pichler Steiner Moser Mayer Hofer Leitner Berger Fuchs Eder Schmid"
            " Winkler Reiter Egger Wallner Brunner Lang Haas"
        ),
    ),
    Country(
        name="Switzerland", language="de", zone="Europe/Zurich", phone="+41", legal_form="AG", weight=3,
        cities=_cities(
            "Zürich|Zürich|8001; Bern|Bern|3011; Basel|Basel-Stadt|4001; Luzern|Luzern|6003"
        ),
        streets=("Seestrasse", "Dorfstrasse", "Kirchgasse"),
        first_names=_words(
            "Nora Lara Sophie Laura Seraina Regula Ursina Corinne Luca Noah Reto Urs Beat Marco"
            " Fabian Dominik Yannick Pascal Adrian Roger"
        ),
        last_names=_words(
            "Keller Frei Baumann Zürcher Widmer Graf Wyss Roth Suter Gerber Kaufmann Bühler Meier"
            " Brunner Aebischer Hess Ammann Bachmann Egli Kunz"
        ),
    ),
    Country(
        name="United Kingdom", language="en", zone="Europe/London", phone="+44", legal_form="Ltd",
        weight=7,
        cities=_cities(
            "London|Greater London|EC1A 1BB; Leeds|Yorkshire|LS1 1UR; Bristol|Somerset|BS1 4DJ;"
            " Edinburgh|Scotland|EH1 1YZ; Cardiff|Wales|CF10 1EP"
        ),
        streets=("High Street", "Station Road", "Church Lane", "Mill Road"),
        first_names=_words(
            "Olivia Amelia Isla Emily Grace Charlotte Priya Aisha Zoe Harriet Oliver George Harry"
            " Jack Callum Rhys Owen Imran Daniel Samuel Ewan Lewis Kate Fiona"
        ),
        last_names=_words(
            "Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Wright Walker Hughes Khan"
            " Edwards Green Hall Wood Clarke Campbell Murray Fraser Begum Shaw Bell"
        ),
    ),
    Country(
        name="France", language="fr", zone="Europe/Paris", phone="+33", legal_form="SARL", weight=6,
        cities=_cities(
            "Paris|Île-de-France|75001; Lyon|Auvergne-Rhône-Alpes|69001; Nantes|Pays de la Loire|44000;"
            " Lille|Hauts-de-France|59000; Toulouse|Occitanie|31000"
        ),
        streets=("Rue de la Gare", "Avenue Victor Hugo", "Place du Marché"),
        first_names=_words(
            "Camille Chloé Léa Manon Élodie Inès Juliette Aurélie Margaux Hélène Louis Gabriel Raphaël"
            " Hugo Théo Antoine Julien Nicolas François Mathieu Karim Yanis Étienne Benoît"
        ),
        last_names=_words(
            "Martin Bernard Dubois Thomas Robert Petit Durand Leroy Moreau Simon Laurent Lefebvre"
            " Michel Garnier Faure Rousseau Blanc Guérin Boyer Chevalier Mercier Lambert Fournier Roux"
        ),
    ),
    Country(
        name="Spain", language="es", zone="Europe/Madrid", phone="+34", legal_form="S.L.", weight=4,
        cities=_cities(
            "Madrid|Madrid|28001; Barcelona|Cataluña|08001; Valencia|Valencia|46001;"
            " Sevilla|Andalucía|41001; Bilbao|País Vasco|48001"
        ),
        streets=("Calle Mayor", "Avenida del Mar", "Plaza Nueva"),
        first_names=_words(
            "Lucía Sofía Martina María Paula Carmen Alba Noelia Irene Marta Hugo Mateo Pablo Álvaro"
            " Diego Javier Sergio Andrés Iker Íñigo Raúl Rubén Jordi Xavier"
        ),
        last_names=_words(
            "García Fernández González Rodríguez López Martínez Sánchez Pérez Gómez Ruiz Díaz Álvarez"
            " Moreno Muñoz Romero Navarro Torres Domínguez Vázquez Ramos Gil Serrano Ortega Ibáñez"
        ),
    ),
    Country(
        name="Netherlands", language="nl", zone="Europe/Amsterdam", phone="+31", legal_form="B.V.",
        weight=4,
        cities=_cities(
            "Amsterdam|Noord-Holland|1012 AB; Utrecht|Utrecht|3511 AA; Rotterdam|Zuid-Holland|3011 AA;"
            " Groningen|Groningen|9712 CP"
        ),
        streets=("Dorpsstraat", "Kerkstraat", "Stationsweg"),
        first_names=_words(
            "Emma Julia Sanne Fleur Lotte Femke Iris Anouk Marieke Saskia Daan Sem Bram Thijs Lars"
            " Jeroen Wouter Pieter Ruben Joost Maarten Sander Niels Koen"
        ),
        last_names=_words(
            "Jansen Bakker Visser Smit Meijer Mulder Bos Vos Peters Hendriks Dekker Dijkstra Kok"
            " Vermeulen Jacobs Verhoeven Kuipers Postma Willems Hoekstra Prins Blom Huisman Schouten"
        ),
    ),
    Country(
        name="Norway", language="no", zone="Europe/Oslo", phone="+47", legal_form="AS", weight=3,
        cities=_cities(
            "Oslo|Oslo|0150; Bergen|Vestland|5003; Trondheim|Trøndelag|7011; Tromsø|Troms|9008"
        ),
        streets=("Storgata", "Kirkeveien", "Havnegata"),
        first_names=_words(
            "Ingrid Nora Emilie Sunniva Astrid Solveig Maja Hedda Kari Silje Jakob Emil Magnus Henrik"
            " Sander Øyvind Lars Håkon Eirik Sondre Bjørn Kristian Torstein Anders"
        ),
        last_names=_words(
            "Hansen Johansen Olsen Larsen Andersen Pedersen Nilsen Kristiansen Berg Haugen Solberg"
            " Dahl Lund Moen Strand Bakken Eide Hovland Sæther Aas Lie Moe Vik Ødegård"
        ),
    ),
    Country(
        name="United States", language="en", zone="America/New_York", phone="+1", legal_form="Inc.",
        weight=8,
        cities=_cities(
            "Boston|MA|02108; Austin|TX|78701; Denver|CO|80202; Portland|OR|97204; Chicago|IL|60601;"
            " Atlanta|GA|30303; Raleigh|NC|27601"
        ),
        streets=("Main Street", "Oak Avenue", "Maple Drive", "2nd Street"),
        first_names=_words(
            "Emma Olivia Ava Madison Abigail Chloe Maya Jasmine Hannah Nicole Liam Noah Mason Ethan"
            " Jacob Tyler Marcus Andre Carlos Kevin Brian Eric Dana Wei"
        ),
        last_names=_words(
            "Johnson Miller Davis Garcia Rodriguez Wilson Anderson Thompson White Harris Clark Lewis"
            " Robinson Young Allen King Scott Nguyen Hill Adams Baker Nelson Carter Chen"
        ),
    ),
)  # fmt: skip

INDUSTRIES: dict[str, tuple[str, ...]] = {
    "Software": ("Systems", "Cloud", "Labs", "Data"),
    "Energy": ("Energy", "Solar", "Power"),
    "Logistics": ("Logistics", "Freight", "Transport"),
    "Retail": ("Stores", "Trading", "Market"),
    "Health care": ("Health", "Care", "Medical"),
    "Manufacturing": ("Works", "Machines", "Components"),
    "Education": ("Academy", "Learning"),
    "Hospitality": ("Hotels", "Kitchen", "Travel"),
    "Finance": ("Capital", "Advisors"),
    "Construction": ("Build", "Timber", "Design"),
}
STEMS = _words(
    "Alder Amber Arbor Aurora Beacon Birch Bluefin Boreal Bright Canopy Cedar Cobalt Copper Coral"
    " Crest Delta Ember Evergreen Falcon Fjord Forge Granite Harbor Hazel Heron Horizon Indigo Iris"
    " Juniper Kestrel Lagoon Lantern Larch Linden Lumen Maple Meridian Mistral Nimbus Nordlys Oak"
    " Opal Orchard Osprey Pebble Pine Prisma Quartz Raven Ridge River Rowan Saffron Sequoia Sierra"
    " Silver Sparrow Spruce Summit Tern Tide Topaz Umbra Vale Vector Verde Vista Willow Zephyr"
)
JOBS = (
    "Head of Operations", "Marketing Manager", "Sales Director", "Founder", "Office Manager",
    "Purchasing Manager", "IT Manager", "Chief Executive Officer", "Customer Success Manager",
    "Product Manager", "Project Lead", "Finance Director", "Team Assistant", "Data Analyst",
)  # fmt: skip
OWNERS = (("Mara", "Lindqvist"), ("Tomás", "Reyes"), ("Priya", "Nair"), ("Jonas", "Keller"))
