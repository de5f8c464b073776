using CtfService.TestSupport;
using CtfService.Training.Experiments.Jobs;
using CtfService.Training.Experiments.Plan;

namespace CtfService.Training.Tests.Experiments.Plan;

public sealed class ExperimentFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("fruits-64.json")]
    [InlineData("small.json")]
    public void Read_FilesOfTheRepository_CanBeRun(string name)
    {
        var plan = ExperimentFile.Read(RepositoryFolder.File("bench", "experiments", name));
        var graph = new ExperimentGraph(plan, "data", tokenizerFile: null);

        Assert.All(plan.Tables.SelectMany(table => table.Rows), row => Assert.NotEmpty(graph.Evaluations(row)));
        Assert.Equal(graph.Jobs.Count, graph.Jobs.DistinctBy(job => job.Name).Count());
    }

    [Fact]
    public void Graph_ModelsThatDifferInTheirFineStage_ShareTheCausalTransformer()
    {
        var plan = Read(
            """{ "name": "x", "models": [{ "name": "a", "clusters": 8 }, { "name": "b", "clusters": 8, "fine_head": "codebook" }, { "name": "c" }] }""");

        var names = new ExperimentGraph(plan, "data", tokenizerFile: null).Jobs.Select(job => job.Name).ToList();

        Assert.Equal(
            ["coarse/8-width-128-layers-4/seed-0", "coarse/all-width-128-layers-4/seed-0"],
            names.Where(name => name.StartsWith("coarse", StringComparison.Ordinal)));
        Assert.Equal(2, names.Count(name => name.StartsWith("fine", StringComparison.Ordinal)));
    }

    [Fact]
    public void Graph_AnotherTrainingSetting_ChangesTheFingerprintsOfItsTrainingAndItsDependents()
    {
        const string Models =
            """ "models": [{ "name": "a", "clusters": 8 }], "tables": [{ "title": "t", "subject": "s", "rows": [{ "label": "a", "model": "a" }] }] """;
        IReadOnlyList<string> Fingerprints(string training)
        {
            var plan = Read($$"""{ "name": "x", "training": {{training}}, {{Models}} }""");
            return [.. new ExperimentGraph(plan, "data", tokenizerFile: null).Jobs.Select(job => $"{job.Name.Split('/')[0]} {job.Fingerprint}")];
        }

        var changed = Fingerprints("""{ "learning_rate": 0.002 }""").Except(Fingerprints("{}")).Select(line => line.Split(' ')[0]);

        Assert.Equal(["coarse", "fine", "evaluations"], changed);
        Assert.Empty(Fingerprints("""{ "checkpoint_every": 7 }""").Except(Fingerprints("{}")));
    }

    [Theory]
    [InlineData("""{ "name": "x", "models": [{ "name": "a", "cluster": 8 }] }""", "cluster")]
    [InlineData("""{ "name": "x" }""", "models")]
    [InlineData("""{ "name": "x", "models": [] }""", "models is empty")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a" }, { "name": "a" }] }""", "'a' 2 times")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a", "clusters": 1 }] }""", "1 clusters, expected at least 2")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a", "fine_head": "codebook" }] }""", "is a plain model, but")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a", "coarse": { "width": 30, "layers": 1, "heads": 4 } }] }""", "multiple of 4 times the heads")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a" }], "curve": { "models": ["b"], "steps": [] } }""", "no model 'b'; the models are a")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a" }], "curve": { "models": ["a"], "steps": [9999] } }""", "trained for 2000 steps, not 9999")]
    [InlineData(
        """{ "name": "x", "models": [{ "name": "a", "clusters": 8 }, { "name": "b", "clusters": 8, "fine_head": "codebook", "steps": 5 }] }""",
        "'a', 'b' share a causal transformer")]
    [InlineData("""{ "name": "x", "image_size": 0, "models": [{ "name": "a" }] }""", "image_size is 0")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a" }], "tokenizer": { "base_width": 20 } }""", "tokenizer.base_width is 20, expected a multiple of 32")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a" }], "tokenizer": { "multipliers": [] } }""", "tokenizer.multipliers has 0 levels")]
    [InlineData(
        """{ "name": "x", "models": [{ "name": "a" }], "training": { "learning_rate": 0 } }""",
        "training.learning_rate is 0, expected above 0, up to 1")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a" }], "training": { "warmup_steps": -1 } }""", "training.warmup_steps is -1")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a", "steps": 0 }] }""", "model 'a': steps is 0")]
    [InlineData(
        """{ "name": "x", "models": [{ "name": "a" }], "sampling": { "coarse": { "temperature": -1 }, "fine": {} } }""",
        "sampling.coarse.temperature is -1")]
    [InlineData(
        """{ "name": "x", "models": [{ "name": "a" }], "tables": [{ "title": "t", "subject": "s","""
            + """ "rows": [{ "label": "r", "model": "a", "coarse": { "guidance_scale": 0 } }] }] }""",
        "row 'r': coarse.guidance_scale is 0")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a" }], "speed": { "models": ["a"], "batches": [0] } }""", "speed.batches is 0")]
    public void Read_InvalidExperiment_NamesTheProblem(string json, string named)
    {
        var refusal = Assert.Throws<InvalidDataException>(() => Read(json));

        Assert.Contains(named, refusal.Message, StringComparison.Ordinal);
    }

    private ExperimentPlan Read(string json)
    {
        var path = _folder.File("experiment.json");
        File.WriteAllText(path, json);
        return ExperimentFile.Read(path);
    }
}
