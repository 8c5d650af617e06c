"""What a user writes on the first day, from the README alone: mine, look, export, train on, measure."""

import torch
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader

from outvoted import Panel, data, mine

torch.set_num_threads(1)  # networks this small are fastest so


def cnn(width):
    first, second = nn.Conv2d(3, width, 5, stride=2), nn.Conv2d(width, 2 * width, 5, stride=2)
    pooled = nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(18 * width, 10)
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), *pooled)


def train(network, samples, epochs):
    optimizer = torch.optim.Adam(network.parameters(), lr=0.003)
    for _ in range(epochs):
        for images, labels in DataLoader(samples, batch_size=32, shuffle=True):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network((images - 0.5) / 0.5), labels).backward()
            optimizer.step()
    return network


torch.manual_seed(0)
photos = data.load("photos")  # a folder with a folder of images for each class
samples = list(zip(torch.from_numpy(photos.train.images) / 255, photos.train.labels.tolist(), strict=True))
networks = {f"cnn-{width}": train(cnn(width), samples, epochs=8) for width in (6, 8, 10)}
panel = Panel(networks, photos, mean=0.5, std=0.5)
found = mine(panel, targets=["cnn-6"], per_target=150)
fresh = mine(panel, targets=["cnn-6"], per_target=100, seed=1).dataset()  # never trained on
found.show(9).save("grid.png")
found.save_images("mistakes")
healed = train(networks["cnn-6"], ConcatDataset([samples, found.dataset()]), epochs=2)
wrong = sum(int(healed(image[None] / 0.5 - 1).argmax()) != label for image, label in fresh)
print(f"of {len(fresh)} fresh mistakes, {wrong} are still made")
