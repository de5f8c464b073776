using CtfService.Jobs.Databases;
using CtfService.Jobs.Store;
using CtfService.Jobs.Tests.Databases;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Tests.Store;

/// <summary>Limits of unfinished jobs hold for jobs that are created at the same time.</summary>
[Collection(TestDatabases.Collection)]
public sealed class JobAdmissionTests(TestDatabases databases)
{
    private const int Most = 7;

    public static TheoryData<string> Databases => TestDatabases.All;

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task CreateAsync_ManyAtOnce_AdmitsExactlyTheLimitOfEachOwner(string database)
    {
        await using var bench = await databases.NewAsync(database);

        var created = await CreateManyAsync([bench.Jobs]);

        Assert.Equal((Most, Most), created);
        Assert.Equal(new UnfinishedWork(Most, Images: 10 * Most), await bench.Jobs.UnfinishedAsync("a", default));
    }

    [PostgresFact]
    public async Task CreateAsync_InTwoProcesses_AdmitsExactlyTheLimitOfEachOwner()
    {
        var schema = await databases.NewSchemaAsync();
        using var one = new PostgresDatabase(schema);
        using var other = new PostgresDatabase(schema);

        var created = await CreateManyAsync([Service(one), Service(other)]);

        Assert.Equal((Most, Most), created);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task CreateAsync_JobIsThereAlready_IsNotAdmittedAgain(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var job = NewJob("a", _ => { });
        var created = await bench.Jobs.CreateAsync(job, default);

        var again = await bench.Jobs.CreateAsync(job with { Admit = _ => throw new FullException() }, default);

        Assert.Equal(created, again);
    }

    private static SqlJobService Service(IDatabase database) => new(database, new JobSignals(), TimeProvider.System);

    /// <summary>Creates jobs of two owners and returns how many of each were admitted.</summary>
    private static async Task<(int OfA, int OfB)> CreateManyAsync(IReadOnlyList<IJobService> services)
    {
        var admitted = await Task.WhenAll(Enumerable.Range(0, 60).Select(number => Task.Run(async () =>
        {
            var tenant = number % 2 == 0 ? "a" : "b";
            try
            {
                await services[number / 2 % services.Count].CreateAsync(NewJob(tenant, Admit), default);
                return tenant;
            }
            catch (FullException)
            {
                return "";
            }
        })));
        return (admitted.Count(tenant => tenant == "a"), admitted.Count(tenant => tenant == "b"));
    }

    private static void Admit(UnfinishedWork unfinished)
    {
        if (unfinished.Jobs >= Most)
        {
            throw new FullException();
        }
    }

    private static NewJob NewJob(string tenant, Action<UnfinishedWork> admit) =>
        new(JobIds.New("job_"), FakeJobHandler.TestKind, tenant, Weight: 1, "1", TimeSpan.FromDays(1)) { Images = 10, Admit = admit };

    private sealed class FullException : Exception;
}
