# Runs `main` by default; other entry points by arguments:
#   docker build -t tp2 .
#   docker run --rm -v "$PWD/runs:/runs" tp2
#   docker run --rm -v "$PWD/runs:/runs" tp2 -e train_improved -P l2_lambda=0.0001
FROM python:3.11-slim

# Dependencies first: a change of the source does not install them again.
COPY requirements.txt /app/
RUN pip install --no-cache-dir --quiet --root-user-action=ignore -r /app/requirements.txt

COPY . /app
# A copy made on Windows may have carriage returns, which no shell takes.
RUN sed -i 's/\r$//' /app/docker-entrypoint.sh

# The store and the artifacts; also where relative paths start from.
WORKDIR /runs

# As process 1, `mlflow run` would ignore the default signal of `docker stop`.
STOPSIGNAL SIGINT

ENTRYPOINT ["sh", "/app/docker-entrypoint.sh"]
CMD ["-e", "main"]
