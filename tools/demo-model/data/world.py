"""What the model is meant to know: its shapes, colours, places, words and size limits. Narrow the world here."""

CELL = 28  # pixels a side of one language-model vision token: a patch of 14, merged 2 x 2
MAX_CELLS = 36  # a picture holds at most 168 * 168 pixels, the processor's max_pixels

COLORS = {  # several values to a name: a muted one, the pure one of CSS, others between
    "red": [(220, 30, 30), (255, 0, 0), (200, 20, 40)],
    "green": [(30, 160, 50), (0, 128, 0), (0, 255, 0), (40, 200, 70)],
    "blue": [(30, 70, 220), (0, 0, 255), (50, 110, 240)],
    "yellow": [(245, 215, 30), (255, 255, 0), (250, 230, 60)],
    "orange": [(250, 130, 10), (255, 165, 0), (240, 120, 30)],
    "purple": [(130, 40, 170), (128, 0, 128), (150, 60, 200)],
    "black": [(15, 15, 15), (0, 0, 0), (35, 35, 35)],
    "white": [(245, 245, 245), (255, 255, 255)],
}
COLOR_NAMES = list(COLORS)
SHAPES = ["circle", "square", "triangle", "star"]
BACKGROUNDS = [(255, 255, 255)] * 4 + [
    (240, 240, 240), (215, 215, 215), (128, 128, 128), (40, 40, 40), (0, 0, 0),
    (250, 240, 215), (205, 225, 245), (210, 240, 215),
]
POSITIONS = [
    ["at the top left", "at the top", "at the top right"],
    ["on the left", "in the center", "on the right"],
    ["at the bottom left", "at the bottom", "at the bottom right"],
]
POSITION_MARGIN = 0.04  # no centre this close (as a fraction of the side) to a border between two named places

MAX_SHAPES = 3
SMALL = (30, 42)  # pixels a side
LARGE = (56, 96)  # pixels a side; the gap between the two keeps the words apart

CHARS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MAX_CHARS = 6
FONT_SIZE = (32, 50)  # pixels; a capital letter is about 0.73 of it high
SMALLEST_FONT = 30
PIXELS_PER_CHAR = 27  # a text is never longer than the picture's width over this
WORDS = (
    "CAT DOG SUN CAR RED BLUE TREE FISH BIRD MOON STAR HOME BOOK DOOR HAND FIRE SNOW RAIN WIND ROCK GOLD SHIP "
    "LION BEAR WOLF FROG DUCK GOAT CAKE MILK RICE SALT TEA HELLO WORLD APPLE GRAPE LEMON MANGO PEACH TABLE CHAIR "
    "HOUSE MOUSE HORSE SHEEP TIGER ZEBRA EAGLE SNAKE WATER EARTH LIGHT NIGHT MUSIC DANCE HAPPY SMILE DREAM OPEN "
    "CLOSE STOP EXIT PUSH PULL SALE FREE TAXI BUS TRAIN PLANE QUICK BROWN JUMP LAZY FOX OVER BOX VEX QUIZ JAZZ "
    "ZOO KIWI YES NO UP GO ONE TWO SIX TEN CODE DATA TEST DEMO NODE FILE BYTE CHIP QUERY MODEL IMAGE VIDEO TEXT "
    "ORANGE YELLOW PURPLE CIRCLE SQUARE BANANA CHERRY GARDEN WINTER SUMMER SPRING AUTUMN WINDOW BRIDGE ROCKET"
).split()

CLIP_FPS = (1, 2, 4)


def luminance(rgb):
    return 0.3 * rgb[0] + 0.59 * rgb[1] + 0.11 * rgb[2]


def allowed_colors(background):
    """Colour names that stand out from a background."""
    light = luminance(background)
    hidden = {"white"} if light > 175 else {"black"} if light < 90 else set()
    return [name for name in COLOR_NAMES if name not in hidden]
