using CtfService.Deploy.Tests.Compose;
using CtfService.TestSupport;
using CtfService.TestSupport.Deployment;

namespace CtfService.Deploy.Tests.Linters;

/// <summary>Lints the Dockerfile and the compose files, and checks that the linters find mistakes.</summary>
public sealed class LinterTests
{
    [LinterFact]
    public async Task Dockerfile_OfTheRepository_HasNoFindings() =>
        Assert.Empty(await Linter.Findings("dockerfile.mjs", await File.ReadAllTextAsync(RepositoryFolder.File("Dockerfile"))));

    [LinterFact]
    public async Task Dockerfile_WithAMisspeltInstruction_HasAFinding() =>
        Assert.Equal("line 2: Unknown instruction: COPPY", await Linter.Findings("dockerfile.mjs", "FROM scratch\nCOPPY a b\n"));

    [LinterFact]
    public async Task ComposeFiles_AgainstTheSpecification_HaveNoFindings()
    {
        foreach (var file in (string[])["docker-compose.yml", .. ComposeFile.Extensions])
        {
            Assert.Empty(await Linter.Findings("compose.mjs", YamlFile.Read(file).ToJsonString()));
        }
    }

    [LinterFact]
    public async Task ComposeFile_WithAMisspeltKey_HasAFinding()
    {
        var findings = await Linter.Findings("compose.mjs", """{"services":{"a":{"imagee":"x"}}}""");

        Assert.StartsWith("/services/a: must NOT have additional properties", findings, StringComparison.Ordinal);
    }
}
