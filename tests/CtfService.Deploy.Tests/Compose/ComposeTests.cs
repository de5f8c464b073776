using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CtfService.Deploy.Tests.Container;
using CtfService.TestSupport;
using CtfService.TestSupport.Deployment;

namespace CtfService.Deploy.Tests.Compose;

/// <summary>The parts of docker-compose.yml match each other and the files that they mount.</summary>
public sealed class ComposeTests
{
    [Fact]
    public void Images_FromRegistries_ArePinnedToARelease()
    {
        var images = ComposeFile.Services.Concat(ComposeFile.Replicas.Where(service => service.Json["image"] is not null))
            .Where(service => service.Json["build"] is null).Select(service => service.Image).ToList();

        Assert.Contains(images, image => image.StartsWith("postgres:", StringComparison.Ordinal));
        Assert.All(images, image => Assert.Matches(@":v?\d+\.\d+(\.\d+)?[a-z0-9.-]*$", image));
    }

    [Fact]
    public void Targets_OfTheServicesImage_AreStagesOfTheDockerfile()
    {
        var builds = ((string[])["docker-compose.yml", .. ComposeFile.Extensions]).SelectMany(ComposeFile.ServicesOf)
            .Where(service => service.Json["build"] is not null).ToList();
        var targets = builds.Select(service => (string)service.Json["build"]!["target"]!).ToList();

        Assert.Equal(["cpu", "cuda", "cpu", "gateway"], targets);
        Assert.Equal(targets.Select(target => $"ctf-service:{target}"), builds.Select(service => service.Image));
        Assert.All(targets, target => Assert.Contains(Dockerfile.OfTheRepository.Stages, stage => stage.Name == target));
    }

    [Fact]
    public void Ports_OfAllServices_ArePublishedOnceOnLocalhostOnly()
    {
        var published = ComposeFile.Services.SelectMany(service => service.Ports).ToList();

        Assert.All(published, port => Assert.Equal((3, "127.0.0.1"), (port.Length, port[0])));
        Assert.Equal(published.Count, published.Select(port => port[1]).Distinct().Count());
    }

    [Fact]
    public void Volumes_OfAllServices_AreFilesReadOnlyOrDeclared()
    {
        var declared = ComposeFile.Json["volumes"]!.AsObject().Select(pair => pair.Key).ToList();
        var mounted = ComposeFile.Services.SelectMany(service => service.Volumes).ToList();

        Assert.All(mounted.Where(volume => volume[0].StartsWith("./", StringComparison.Ordinal)), volume =>
        {
            Assert.True(Path.Exists(RepositoryFolder.File(volume[0])), volume[0]);
            Assert.Equal("ro", volume[^1]);
        });
        Assert.Equal(declared, mounted.Select(volume => volume[0]).Where(name => !name.StartsWith("./", StringComparison.Ordinal)));
    }

    [Fact]
    public void Jobs_OfTheService_AreOnAVolume()
    {
        var folder = Dockerfile.OfTheRepository.Stage("runtime").JobsFolder;

        Assert.Contains(ComposeFile.Service("ctf-service").Volumes, volume => volume is ["jobs", var target] && target == folder);
    }

    [Fact]
    public void Replicas_WithTheService_ShareDatabaseAndFiles()
    {
        var (service, replica) = (ComposeFile.Replicas[0], ComposeFile.Replicas[1]);
        var postgres = ComposeFile.Replicas[3];
        var connection = service.Environment["Storage__ConnectionString"].Split(';')
            .Select(part => part.Split('=')).ToDictionary(part => part[0], part => part[1]);

        Assert.Equal(["ctf-service", "ctf-replica", "ctf-gateway", "postgres"], ComposeFile.Replicas.Select(each => each.Name));
        Assert.Equal(service.Environment["Storage__ConnectionString"], replica.Environment["Storage__ConnectionString"]);
        Assert.Equal(ComposeFile.Service("ctf-service").Volumes, replica.Volumes);
        Assert.Equal((postgres.Name, postgres.Environment["POSTGRES_DB"]), (connection["Host"], connection["Database"]));
        Assert.Equal((postgres.Environment["POSTGRES_USER"], postgres.Environment["POSTGRES_PASSWORD"]), (connection["Username"], connection["Password"]));
        Assert.True((int)replica.Json["deploy"]!["replicas"]! > 1);
        Assert.All((ComposeService[])[service, replica], each => Assert.Contains(postgres.Name, each.DependsOn));
        Assert.NotNull(postgres.Json["healthcheck"]);
    }

    [Fact]
    public void Gateway_OfTheProfileCluster_StandsInFrontOfAllReplicas()
    {
        var gateway = ComposeFile.Replicas.Single(each => each.Name == "ctf-gateway");
        var settings = YamlFile.Read("src", "CtfService.Gateway", "gateway.json")["Gateway"]!;
        var ours = gateway.Environment.Where(pair => pair.Key.StartsWith("Gateway__", StringComparison.Ordinal)).ToList();

        Assert.Equal(["cluster"], gateway.List("profiles"));
        Assert.Equal(["ctf-service", "ctf-replica"], ours.Select(pair => new Uri(pair.Value).Host));
        Assert.All(ours, pair => Assert.NotNull(settings[pair.Key.Split("__")[1]]));
        Assert.All(gateway.Ports, port => Assert.Equal("127.0.0.1", port[0]));
        Assert.Equal(Dockerfile.OfTheRepository.Stage("gateway").Of("EXPOSE"), gateway.Ports.Select(port => port[2]));
        Assert.True((bool)gateway.Json["read_only"]!);
        Assert.Equal(["ALL"], gateway.List("cap_drop"));
        Assert.True(Seconds((string)gateway.Json["stop_grace_period"]!)
            > TimeSpan.Parse((string)settings["ShutdownBudget"]!, CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("prometheus", "--config.file=(.*)")]
    [InlineData("otel-collector", "--config=(.*)")]
    public void ConfigurationFile_OfACommand_IsMounted(string name, string argument)
    {
        var service = ComposeFile.Service(name);
        var file = service.List("command").Select(each => Regex.Match(each, argument)).Single(match => match.Success).Groups[1].Value;

        Assert.True(File.Exists(OnThisMachine(service, file)), file);
    }

    [Fact]
    public void Dependencies_OfAllServices_HaveHealthChecks()
    {
        foreach (var service in ComposeFile.Services)
        {
            Assert.All(service.DependsOn, name => Assert.Contains(ComposeFile.Services, other => other.Name == name));
        }

        var waitedFor = from service in ComposeFile.Services
                        from name in service.DependsOn
                        where (string?)(service.Json["depends_on"] as JsonObject)?[name]!["condition"] == "service_healthy"
                        select name;

        // The health check of the service is in its image.
        Assert.All(waitedFor, name => Assert.True(name == "ctf-service" || ComposeFile.Service(name).Json["healthcheck"] is not null, name));
    }

    public static TheoryData<string> OwnServices => ["ctf-service", "ctf-replica"];

    [Theory]
    [MemberData(nameof(OwnServices))]
    public void Service_InItsContainer_IsConfinedAndHasTimeToFinish(string name)
    {
        var service = ComposeFile.Services.Concat(ComposeFile.Replicas).First(each => each.Name == name);

        Assert.True((bool)service.Json["read_only"]!);
        Assert.Equal(["ALL"], service.List("cap_drop"));
        Assert.Equal(["no-new-privileges:true"], service.List("security_opt"));
        Assert.True(Seconds((string)service.Json["stop_grace_period"]!) > Settings.TimeToStop());
    }

    [Fact]
    public void Variables_OfTheService_AreSettings()
    {
        var variables = ((string[])["docker-compose.yml", .. ComposeFile.Extensions]).SelectMany(ComposeFile.ServicesOf)
            .Where(service => OwnServices.Contains(service.Name)).Select(service => service.Environment.Keys).ToList();

        Assert.Equal(4, variables.Count);
        Assert.All(variables, Settings.AssertKnown);
    }

    [Fact]
    public void Traces_OfTheService_ReachJaeger()
    {
        var collector = YamlFile.Read("deploy", "otel-collector", "config.yaml");
        var received = (string)collector["receivers"]!["otlp"]!["protocols"]!["grpc"]!["endpoint"]!;
        var sent = new Uri(ComposeFile.Service("ctf-service").Environment["OTEL_EXPORTER_OTLP_ENDPOINT"]);

        Assert.Equal("otel-collector", sent.Host);
        Assert.Equal($"0.0.0.0:{sent.Port}", received);
        Assert.Equal("jaeger:4317", (string)collector["exporters"]!["otlp/jaeger"]!["endpoint"]!);
    }

    [Fact]
    public void PrometheusTargets_OfItsConfiguration_AreServices()
    {
        var jobs = YamlFile.Read("deploy", "prometheus", "prometheus.yml")["scrape_configs"]!.AsArray();
        var targets = from job in jobs
                      from config in job["static_configs"]?.AsArray() ?? []
                      from target in config!["targets"]!.AsArray()
                      select ((string)target!).Split(':')[0];
        var found = from job in jobs from config in job["dns_sd_configs"]?.AsArray() ?? [] from name in config!["names"]!.AsArray() select (string)name!;
        var services = ComposeFile.Services.Concat(ComposeFile.Replicas).Select(service => service.Name).ToHashSet(StringComparer.Ordinal);

        Assert.All(targets, host => Assert.True(host == "localhost" || ComposeFile.Services.Any(service => service.Name == host), host));
        Assert.All(found, host => Assert.Contains(host, services));
        Assert.Contains("ctf-service", targets);
        Assert.Contains("ctf-replica", found); // each replica is a target of its own
        Assert.Contains("ctf-gateway", found);
    }

    [Fact]
    public void HomeDashboard_OfGrafana_IsMounted()
    {
        var grafana = ComposeFile.Service("grafana");

        Assert.True(File.Exists(OnThisMachine(grafana, grafana.Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])));
    }

    /// <summary>Returns the file of the repository that is mounted at a path of the container.</summary>
    internal static string OnThisMachine(ComposeService service, string path)
    {
        var volume = service.Volumes.Single(each => path.StartsWith($"{each[1]}/", StringComparison.Ordinal));
        return RepositoryFolder.File(volume[0], path[(volume[1].Length + 1)..]);
    }

    private static TimeSpan Seconds(string duration) => TimeSpan.FromSeconds(int.Parse(duration.TrimEnd('s'), CultureInfo.InvariantCulture));
}
