namespace CtfService.Api.Tests;

/// <summary>A file of the repository that is generated from the code and compared with it.</summary>
internal static class CheckedInFile
{
    /// <summary>Fails if the file differs from what the code generates now. Writes the file first if the environment variable is 1.</summary>
    /// <param name="name">Path from the root of the repository, for the message.</param>
    /// <param name="variable">The environment variable.</param>
    /// <param name="filter">Selects the test that calls this, for the message.</param>
    public static async Task AssertIsAsync(string path, string name, string generated, string variable, string filter)
    {
        if (Environment.GetEnvironmentVariable(variable) == "1")
        {
            await File.WriteAllTextAsync(path, generated);
        }

        var expected = (await File.ReadAllTextAsync(path)).Split('\n');
        var actual = generated.Split('\n');

        var line = expected.Zip(actual).TakeWhile(pair => pair.First == pair.Second).Count();
        Assert.True(
            expected.SequenceEqual(actual),
            $"{name} differs from the code from line {line + 1} on: '{expected.ElementAtOrDefault(line)}' became '{actual.ElementAtOrDefault(line)}'. "
            + $"If the change is intended, run {variable}=1 dotnet test tests/CtfService.Api.Tests --filter {filter} and commit the file.");
    }
}
