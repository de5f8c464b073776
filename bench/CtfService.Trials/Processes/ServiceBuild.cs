namespace CtfService.Trials.Processes;

/// <summary>A build of the service or of the gateway: its program.</summary>
internal sealed record ServiceBuild(string Program)
{
    private const string Service = "CtfService.Api";

    private const string Faulty = "CtfService.FaultyService";

    private const string Gateway = "CtfService.Gateway";

    /// <param name="folder">Null for the build that belongs to this program.</param>
    /// <exception cref="FileNotFoundException">There is no build in the folder.</exception>
    public static ServiceBuild In(string? folder) => Of(Service, folder);

    /// <summary>Returns the gateway that belongs to this program.</summary>
    /// <exception cref="FileNotFoundException">It is not built.</exception>
    public static ServiceBuild OfGateway() => Of(Gateway, folder: null);

    /// <summary>Returns the service with faults on command that belongs to this program.</summary>
    /// <exception cref="FileNotFoundException">It is not built.</exception>
    public static ServiceBuild OfFaulty() => Of(Faulty, folder: null);

    private static ServiceBuild Of(string name, string? folder)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory); // artifacts/bin/CtfService.Trials/release
        var program = Path.GetFullPath(Path.Combine(folder ?? Path.Combine(own.Parent!.Parent!.FullName, name, own.Name), $"{name}.dll"));
        return File.Exists(program)
            ? new(program)
            : throw new FileNotFoundException($"There is no {program}. Name the output folder of a build: dotnet build -c Release src/{name}");
    }
}
