"""Does dropout help a small PyTorch network to read digits? Three seeds, seconds."""

import torch
from sklearn.datasets import load_digits
from torch import nn

import didithelp

images, labels = map(torch.from_numpy, load_digits(return_X_y=True))
images = images.float() / 16
train, test = slice(0, 900), slice(900, None)


def trained(recipe: dict, seed: int) -> nn.Module:
    """Train one network on the first 900 of the 1,797 digits."""
    torch.manual_seed(seed)
    layers = nn.Linear(64, 64), nn.ReLU(), nn.Dropout(recipe["dropout"])
    model = nn.Sequential(*layers, nn.Linear(64, 10))
    optimizer = torch.optim.Adam(model.parameters())
    for _ in range(recipe["epochs"]):
        for batch in torch.randperm(900).split(32):
            optimizer.zero_grad()
            logits = model(images[train][batch])
            nn.functional.cross_entropy(logits, labels[train][batch]).backward()
            optimizer.step()
    return model.eval()


arms = []
for name, dropout in (("plain", 0.0), ("dropout", 0.5)):
    recipe = {"dropout": dropout, "epochs": 15}
    recorder = didithelp.Recorder(name, labels[test], recipe=recipe)
    for seed in range(3):
        model = trained(recipe, seed)
        with torch.no_grad():
            recorder.add(seed, model(images[test]).softmax(dim=1))
    recorder.save(f"arms/{name}")  # for later, or for `mlflow run . -e compare`
    arms.append(recorder.arm())

answer = didithelp.compare(*arms)
print(answer)
answer.write("comparison")  # comparison/report.html is the whole report
