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
        var images = ComposeFile.Services.Where(service => service.Json["build"] is null).Select(service => service.Image).ToList();

        Assert.NotEmpty(images);
        Assert.All(images, image => Assert.Matches(@":v?\d+\.\d+\.\d+[a-z0-9.-]*$", image));
    }

    [Fact]
    public void Targets_OfTheServicesImage_AreStagesOfTheDockerfile()
    {
        string[] files = ["docker-compose.yml", "docker-compose.gpu.yml"];
        var targets = files.Select(file => (string)YamlFile.Read(file)["services"]!["ctf-service"]!["build"]!["target"]!).ToList();

        Assert.Equal(["cpu", "cuda"], targets);
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

    [Fact]
    public void Service_InItsContainer_IsConfinedAndHasTimeToFinish()
    {
        var service = ComposeFile.Service("ctf-service");

        Assert.True((bool)service.Json["read_only"]!);
        Assert.Equal(["ALL"], service.List("cap_drop"));
        Assert.Equal(["no-new-privileges:true"], service.List("security_opt"));
        Assert.True(Seconds((string)service.Json["stop_grace_period"]!) > Settings.TimeToStop());
    }

    [Fact]
    public void Variables_OfTheService_AreSettings()
    {
        Settings.AssertKnown(ComposeFile.Service("ctf-service").Environment.Keys);
        Settings.AssertKnown(YamlFile.Read("docker-compose.gpu.yml")["services"]!["ctf-service"]!["environment"]!.AsObject().Select(pair => pair.Key));
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
        var targets = from job in YamlFile.Read("deploy", "prometheus", "prometheus.yml")["scrape_configs"]!.AsArray()
                      from config in job["static_configs"]?.AsArray() ?? []
                      from target in config!["targets"]!.AsArray()
                      select ((string)target!).Split(':')[0];

        Assert.All(targets, host => Assert.True(host == "localhost" || ComposeFile.Services.Any(service => service.Name == host), host));
        Assert.Contains("ctf-service", targets);
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
