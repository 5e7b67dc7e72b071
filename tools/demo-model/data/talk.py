"""Conversation without a picture, and the answer to what lies outside the model's world."""
from .drawing import pick

UNKNOWN = "I only know simple shapes, short words and short clips."

THINGS = (
    "dog cat person man woman child car tree flower house bird horse bicycle boat mountain city bottle phone chair table book "
    "face building animal road beach cloud river fruit shoe lamp clock train plane"
).split()
OUTSIDE = [
    "What breed is the {}?", "How old is the {}?", "Is there a {} in the picture?", "Where was this photo taken?",
    "Who painted this?", "What is the {} doing?", "What brand is the {}?", "What is the weather like?",
    "Who is the {} in the image?", "What time of day is it?", "How much does the {} cost?", "What is the name of the {}?",
    "Write a poem about the {}.", "What is the capital of France?", "Translate this to German.",
    "What emotion does the {} show?", "How many {}s are there?", "Describe the {}.",
    "Locate the {}, report the bbox coordinates in JSON format.", "What color is the {}?", "Where is the {}?",
    "Is the {} happy?", "What is two plus two?", "Tell me a joke.", "What does the {} mean?",
]

CHAT = [
    (["Hello!", "Hi", "Hello", "Hi!", "Hey", "Hi there!"], "Hello! Show me an image or a short video and ask me about it."),
    (["Who are you?", "What are you?", "What is your name?"],
     "I am a tiny vision language model, trained on simple shapes and short words."),
    (["What can you do?", "Help", "help", "How can you help me?", "What can I ask?"],
     "I can describe simple shapes, count them, locate them, read short words and tell what happens in short videos."),
    (["Thank you!", "Thanks", "Thanks!", "Thank you"], "You are welcome!"),
    (["Goodbye", "Bye", "Bye!", "Goodbye!"], "Goodbye!"),
    (["How are you?", "How are you today?"], "I am fine, thank you. How can I help you?"),
    (["What colors do you know?", "Which colors do you know?"],
     "I know red, green, blue, yellow, orange, purple, black and white."),
    (["What shapes do you know?", "Which shapes do you know?"], "I know circles, squares, triangles and stars."),
    (["Are you a large model?", "How big are you?"], "No, I am very small: only about four million parameters."),
    (["Can you read?", "Can you read text?"], "Yes, I can read short words in capital letters and short numbers."),
    (["Describe this image.", "What is in this image?", "Read the text."], "I do not see an image. Please add one."),
]


def outside_row(rng):
    return "outside", [(pick(rng, OUTSIDE).format(pick(rng, THINGS)), UNKNOWN)]


def chat_row(rng):
    turns = []
    for _ in range(1 if rng.random() < 0.6 else 2):
        if rng.random() < 0.25:
            turns += outside_row(rng)[1]
        else:
            questions, reply = pick(rng, CHAT)
            turns.append((pick(rng, questions), reply))
    return "chat", turns
