# syntax=docker/dockerfile:1

# docker build -t ctf-service:cpu .
# docker build -t ctf-service:cuda --target cuda .
# docker build -t ctf-service:gateway --target gateway .
# x86-64 only, like the Linux libraries of TorchSharp. docs/operations.md explains how to run the image and which parts of this file were tested where.

# ---- The input of the restore, separate from the sources: packages are downloaded again only if these files change.
FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS projects
WORKDIR /source
COPY global.json Directory.Build.props Directory.Build.targets Directory.Packages.props ./
COPY eng/ eng/
COPY src/CtfService.Core/CtfService.Core.csproj src/CtfService.Core/
COPY src/CtfService.Model/CtfService.Model.csproj src/CtfService.Model/
COPY src/CtfService.Datasets/CtfService.Datasets.csproj src/CtfService.Datasets/
COPY src/CtfService.Inference/CtfService.Inference.csproj src/CtfService.Inference/
COPY src/CtfService.Jobs/CtfService.Jobs.csproj src/CtfService.Jobs/
COPY src/CtfService.Api/CtfService.Api.csproj src/CtfService.Api/

# An empty folder for the jobs, because the image of the runtime has no shell to create one.
RUN mkdir jobs

# ---- The program with the libtorch of its target. (Without .editorconfig the compiler warns about names that it permits.)
FROM projects AS build-cpu
RUN dotnet restore src/CtfService.Api --runtime linux-x64 -p:TorchBackend=cpu
COPY .editorconfig appsettings.json ./
COPY src/ src/
COPY deploy/container/split-layers.sh deploy/container/
RUN dotnet publish src/CtfService.Api --no-restore --configuration Release --runtime linux-x64 --no-self-contained -p:TorchBackend=cpu --output publish \
    && bash deploy/container/split-layers.sh publish layers

FROM projects AS build-cuda
RUN dotnet restore src/CtfService.Api --runtime linux-x64 -p:TorchBackend=cuda
COPY .editorconfig appsettings.json ./
COPY src/ src/
COPY deploy/container/split-layers.sh deploy/container/
RUN dotnet publish src/CtfService.Api --no-restore --configuration Release --runtime linux-x64 --no-self-contained -p:TorchBackend=cuda --output publish \
    && bash deploy/container/split-layers.sh publish layers

# ---- The runtime of both targets. Chiseled: no shell, no package manager, only the libraries that .NET needs (glibc, libstdc++, OpenSSL). They suffice for
# libtorch and Skia.
FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled AS runtime
LABEL org.opencontainers.image.title="CtfService" \
      org.opencontainers.image.description="Class-conditional image generation by coarse-to-fine token prediction" \
      org.opencontainers.image.licenses="MIT"
WORKDIR /app
# HTTP_PORTS of the base image would contradict URLS. Diagnostics (debugger, profiler) are off, so /tmp need not be writable.
ENV ASPNETCORE_URLS=http://+:5080 \
    ASPNETCORE_HTTP_PORTS= \
    DOTNET_EnableDiagnostics=0 \
    Storage__Folder=/data
EXPOSE 5080
# Jobs and their files, the only thing that the service writes. A new volume gets the owner of this folder; everything else may be read-only.
COPY --chown=$APP_UID:$APP_UID --from=projects /source/jobs /data
VOLUME /data
USER $APP_UID
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --start-interval=2s --retries=3 CMD ["/app/CtfService.Api", "--healthcheck"]
ENTRYPOINT ["/app/CtfService.Api"]

# ---- For NVIDIA's container runtime. libtorch's CUDA package includes cuBLAS, cuDNN and others; the runtime mounts the driver (compute) and NVML (utility).
# An nvidia/cuda base image would contain those libraries twice.
FROM runtime AS cuda
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --link models/fruits-64/ models/fruits-64/
COPY --link --from=build-cuda /source/layers/packages/ ./
COPY --link --from=build-cuda /source/layers/program/ ./

# ---- The gateway in front of replicas (docs/gateway.md): no model, no libtorch.
FROM projects AS build-gateway
COPY .editorconfig ./
COPY src/CtfService.Gateway/ src/CtfService.Gateway/
RUN dotnet publish src/CtfService.Gateway --configuration Release --no-self-contained --output publish

FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled AS gateway
LABEL org.opencontainers.image.title="CtfService.Gateway" \
      org.opencontainers.image.description="One address for several replicas of CtfService" \
      org.opencontainers.image.licenses="MIT"
WORKDIR /app
ENV ASPNETCORE_URLS=http://+:5090 \
    ASPNETCORE_HTTP_PORTS= \
    DOTNET_EnableDiagnostics=0
EXPOSE 5090
COPY --link --from=build-gateway /source/publish/ ./
USER $APP_UID
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s --start-interval=2s --retries=3 CMD ["/app/CtfService.Gateway", "--healthcheck"]
ENTRYPOINT ["/app/CtfService.Gateway"]

# ---- The default target, because it is the last.
FROM runtime AS cpu
COPY --link models/fruits-64/ models/fruits-64/
COPY --link --from=build-cpu /source/layers/packages/ ./
COPY --link --from=build-cpu /source/layers/program/ ./
