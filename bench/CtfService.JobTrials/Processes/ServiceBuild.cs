namespace CtfService.JobTrials.Processes;

/// <summary>A build of the service: the folder with <c>CtfService.Api.dll</c>.</summary>
internal sealed record ServiceBuild(string Program)
{
    private const string FileName = "CtfService.Api.dll";

    /// <param name="folder">Null for the build that belongs to this program.</param>
    /// <exception cref="FileNotFoundException">There is no build in the folder.</exception>
    public static ServiceBuild In(string? folder)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory); // artifacts/bin/CtfService.JobTrials/release
        var program = Path.GetFullPath(Path.Combine(folder ?? Path.Combine(own.Parent!.Parent!.FullName, "CtfService.Api", own.Name), FileName));
        return File.Exists(program)
            ? new(program)
            : throw new FileNotFoundException($"There is no {program}. Name the output folder of a build: dotnet build -c Release src/CtfService.Api");
    }
}
