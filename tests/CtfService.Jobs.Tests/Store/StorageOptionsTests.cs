using CtfService.Jobs.Store;

namespace CtfService.Jobs.Tests.Store;

public sealed class StorageOptionsTests
{
    [Theory]
    [InlineData("auto", "", false)]
    [InlineData("auto", "Host=db", true)]
    [InlineData("memory", "", false)]
    [InlineData("memory", "Host=db", false)]
    [InlineData("database", "", true)]
    [InlineData("database", "Host=db", true)]
    public void KeepsStateInDatabase_FollowsStateAndConnectionString(string state, string connectionString, bool expected)
    {
        Assert.Equal(expected, new StorageOptions { State = state, ConnectionString = connectionString }.KeepsStateInDatabase());
    }
}
