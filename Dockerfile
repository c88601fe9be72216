FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PATH=/app/.venv/bin:$PATH
RUN apt-get update && apt-get install -y --no-install-recommends ffmpeg make && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements*.txt constraints.txt package.json package-lock.json ./
COPY tools tools
RUN python tools/setup.py --run-only
COPY . .
RUN python tools/setup.py --run-only && DATA_DIR=/tmp/build python manage.py collectstatic --noinput && rm -rf /tmp/build
RUN useradd --create-home shengqing && mkdir /data && chown shengqing /data
USER shengqing
ENV DATA_DIR=/data WEB_THREADS=8
EXPOSE 8000
CMD ["sh", "-c", "python manage.py migrate --noinput && python manage.py collectstatic --noinput && exec gunicorn config.wsgi --config config/gunicorn.py --bind 0.0.0.0:8000 --workers 2 --worker-class config.web_worker.WebWorker --threads 100 --timeout 120"]
